// Maps stack traces of the bundled program to its sources: `src/storage/committer.ts:78:12` instead of
// `dist/program/storage.actor.js:901:20`. It reads a source map when a trace is shown, so a start reads none
// (`--enable-source-maps` would read every module's map). A frame without a map stays unchanged.

import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PACKAGE_ROOT } from './package.js'

/** A place in V8's frames: `(file:///…/main.js:3:14)` or `at /…/main.js:3:14`. */
const PLACE = /(?:file:\/\/)?(\/[^\s():]+\/dist\/[^\s():]+\.c?js):(\d+):(\d+)/g

/** The text with the places of its stack frames mapped to the sources. */
export function inSources(text: string): string {
  if (!text.includes('\n    at ')) return text
  const maps = new Map<string, SourceMap | undefined>()
  return text.replace(PLACE, (place, file: string, line: string, column: string) => {
    if (!maps.has(file)) maps.set(file, mapOf(file))
    const origin = maps.get(file)?.findOrigin(Number(line), Number(column))
    if (!origin || !('fileName' in origin)) return place
    const source = relative(fileURLToPath(PACKAGE_ROOT), resolve(dirname(file), origin.fileName))
    return `${source}:${origin.lineNumber}:${origin.columnNumber}`
  })
}

function mapOf(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')))
  } catch {
    return undefined
  }
}
