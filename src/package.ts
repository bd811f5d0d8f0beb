// This package's folder, version and program. Compiled files (`dist/src/`) and the program's files (`dist/program/`) are
// equally deep in the folder.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const PACKAGE_ROOT = new URL('../../', import.meta.url)

/** The script of `arc`. A command runs it to start another process of its own. */
export const PROGRAM = fileURLToPath(new URL('./dist/program/main.cjs', PACKAGE_ROOT))

/** The package's version. It reads the manifest, which few commands need. */
export function version(): string {
  const manifest = readFileSync(new URL('./package.json', PACKAGE_ROOT), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
