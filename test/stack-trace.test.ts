// Stack traces of the bundled program: the frames that V8 would print for it, and what becomes of them.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { createLog } from '../src/actors/log.js'
import { PACKAGE_ROOT } from '../src/package.js'
import { inSources } from '../src/stack-trace.js'

const BUNDLE = fileURLToPath(new URL('./dist/program/command-line.cjs', PACKAGE_ROOT))
const SOURCE = fileURLToPath(new URL('./src/cli/main.ts', PACKAGE_ROOT))
const CODE = 'there is no command '

/** Line and column, from 1, of where the file first says this. */
function placeOf(file: string, code: string): string {
  const before = readFileSync(file, 'utf8').split(code)[0] ?? ''
  return `${before.split('\n').length}:${before.length - before.lastIndexOf('\n')}`
}

const trace = (file: string) =>
  `Error: a defect\n    at run (file://${file}:${placeOf(BUNDLE, CODE)})\n    at node:internal/timers:5:1`

t.test('a frame of the bundled program names the file and line of its source', async (t) => {
  const line = placeOf(SOURCE, CODE).split(':')[0]
  const [, frame] = inSources(trace(BUNDLE)).split('\n')
  t.match(frame, new RegExp(`^ {4}at run \\(src/cli/main\\.ts:${line}:\\d+\\)$`))
})

t.test('frames without a map, and texts that are no trace, stay as they are', async (t) => {
  const elsewhere = trace('/nowhere/dist/program/command-line.cjs')
  t.equal(inSources(elsewhere), elsewhere)
  const text = `could not open ${BUNDLE}:1:1`
  t.equal(inSources(text), text)
})

t.test('the log shows the traces of defects in terms of the sources', async (t) => {
  const lines: string[] = []
  const log = createLog('info', { write: (line) => lines.push(line) })
  log('error', trace(BUNDLE))
  t.match(lines, [/at run \(src\/cli\/main\.ts:/])
})
