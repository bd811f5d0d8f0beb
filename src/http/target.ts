// What a request line asks for, in the forms that HTTP allows (RFC 9112 §3.2): a path, as nearly every client sends it; a whole
// URL, as clients send it that take the hub for a proxy; `*`, which is the server as a whole.

/** The target that names no path, but the server. */
export const SERVER = '*'

const SLASH = 47
const ABSOLUTE = /^https?:\/\/([^/?#]*)([^#]*)/i

/** A whole URL as its authority and its path with query; undefined for a target of any other form. */
export function absoluteForm(target: string): { authority: string; path: string } | undefined {
  if (target.charCodeAt(0) === SLASH) return undefined
  const [, authority, rest = ''] = ABSOLUTE.exec(target) ?? []
  if (authority === undefined) return undefined
  return { authority, path: rest.startsWith('/') ? rest : `/${rest}` }
}
