// Connections by an undici pool: keep-alive, and one connection for each request in progress, so that a long-poll never
// holds up a post. The first request loads undici, since that takes longer than loading the rest of the SDK.

import { createRequire } from 'node:module'
import type { Pool } from 'undici'
import type { Connect, RawRequest } from './connections.js'

export const pooledConnections: Connect = (origin, connectTimeoutMs) => {
  let opening: Promise<Pool> | undefined
  let destroyed: Error | undefined
  async function open(): Promise<Pool> {
    const { Pool } = await undici()
    return new Pool(origin, { connect: { timeout: connectTimeoutMs } })
  }
  async function send({ timeoutMs, ...request }: RawRequest) {
    opening ??= open()
    const pool = await opening
    if (destroyed) throw destroyed
    return pool.request({
      ...(request as typeof request & { method: 'GET' }),
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    })
  }
  return {
    exchange: async (request) => {
      const { statusCode, headers, body } = await send(request)
      return { status: statusCode, headers, text: await body.text() }
    },
    open: async (request) => {
      const { statusCode, headers, body } = await send(request)
      return { status: statusCode, headers, body }
    },
    destroy: async (error) => {
      destroyed = error
      await (await opening)?.destroy(error)
    },
  }
}

/** Node 22 gives an empty module to some programs whose packages are links, as pnpm's are; `require` gives the whole one. */
async function undici(): Promise<Pick<typeof import('undici'), 'Pool'>> {
  const imported = await import('undici')
  return imported.Pool ? imported : createRequire(import.meta.url)('undici')
}
