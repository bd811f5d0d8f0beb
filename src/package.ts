// The package that this code is part of. Compiled files (`dist/src/`) and those of the program (`dist/program/`) lie
// equally deep in it.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const PACKAGE_ROOT = new URL('../../', import.meta.url)

/** What runs `arc`: a command starts it when it needs another process of itself. */
export const PROGRAM = fileURLToPath(new URL('./dist/program/main.js', PACKAGE_ROOT))

const manifest = JSON.parse(readFileSync(new URL('./package.json', PACKAGE_ROOT), 'utf8')) as {
  version: string
}

export const VERSION = manifest.version
