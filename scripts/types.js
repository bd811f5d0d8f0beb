// Copies the declarations that the package's exports reach from dist/src/ to dist/types/. The other rooms' declarations are
// nobody's business outside.

import { cpSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const COMPILED = fileURLToPath(new URL('../dist/src', import.meta.url))
const TYPES = fileURLToPath(new URL('../dist/types', import.meta.url))
const EXPORTS = ['sdk/index', 'actors/hub', 'protocol/index', 'fsqueue/index']
/** `from './x.js'`, and `import('./x.js').T`. */
const IMPORTS = /\b(?:from|import\()\s*['"](\.[^'"]+)\.js['"]/g

export function copyTypes() {
  const reached = new Set()
  const visit = (path) => {
    if (reached.has(path)) return
    reached.add(path)
    for (const [, imported] of readFileSync(path, 'utf8').matchAll(IMPORTS))
      visit(join(dirname(path), `${imported}.d.ts`))
  }
  for (const name of EXPORTS) visit(join(COMPILED, `${name}.d.ts`))
  rmSync(TYPES, { recursive: true, force: true })
  for (const path of reached) cpSync(path, join(TYPES, relative(COMPILED, path)))
}
