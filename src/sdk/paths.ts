// One form for the path of a file, so that agents that write it in different ways mean the same lock. The hub compares paths
// as they are. The SDK and the command line use this form.

/** `./src//a.ts`, `src\\a.ts` and `src/a.ts/` become `src/a.ts`; letters are composed (NFC). */
export function plainPath(path: string): string {
  return plain(path.replaceAll('\\', '/'))
}

/** The same for a glob, where a backslash takes the next character as itself. A `/` at the end stays: the hub says what to write. */
export function plainGlob(glob: string): string {
  const isFolder = /[^\\]\/$/.test(glob)
  return isFolder ? `${plain(glob)}/` : plain(glob)
}

function plain(path: string): string {
  const text = path.normalize('NFC').trim()
  const root = text.startsWith('/') ? '/' : ''
  const segments = text.split('/').filter((segment) => segment !== '' && segment !== '.')
  return segments.length > 0 ? root + segments.join('/') : text
}
