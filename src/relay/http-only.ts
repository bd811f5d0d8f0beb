// What no relay serves: a file holds one envelope, and these answers have none, or no end.

import { type ArcError, hookNeedsHttp, pageIsForBrowsers, streamNeedsConnection } from '../protocol/errors.js'

/** Why a request can't be answered over files. Undefined: it can. */
export function httpOnly(method: string, path: string): ArcError | undefined {
  if (method === 'POST') return path.startsWith('/v1/hooks/') ? hookNeedsHttp() : undefined
  if (method !== 'GET') return undefined
  if (/^\/(?:\?|$|assets\/)/.test(path)) return pageIsForBrowsers()
  return /^\/v1\/stream(?:\?|$)/.test(path) ? streamNeedsConnection() : undefined
}
