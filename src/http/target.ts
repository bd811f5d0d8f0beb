// A request's target, in the forms that HTTP allows (RFC 9112 §3.2): a path, from nearly every client; a whole URL, from
// clients that use the hub as a proxy; `*`, the whole server.

/** The target that names the whole server. */
export const SERVER = '*'

const SLASH = 47
const ABSOLUTE = /^https?:\/\/([^/?#]*)([^#]*)/i

/** The authority of a whole URL, and its path with query. Undefined for a target of any other form. */
export function absoluteForm(target: string): { authority: string; path: string } | undefined {
  if (target.charCodeAt(0) === SLASH) return undefined
  const [, authority, rest = ''] = ABSOLUTE.exec(target) ?? []
  if (authority === undefined) return undefined
  return { authority, path: rest.startsWith('/') ? rest : `/${rest}` }
}
