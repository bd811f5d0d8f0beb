// What a client of the file relay does with files, and nothing else: shared by the baseline, which plays both sides,
// and by the load, whose other side is a hub.

import { closeSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** A new file appears under its name whole, as both sides write theirs. */
export function putFile(folder: string, stem: string, text: string): void {
  const temporary = join(folder, `.${stem}.tmp`)
  const descriptor = openSync(temporary, 'wx')
  writeSync(descriptor, text)
  closeSync(descriptor)
  renameSync(temporary, join(folder, `${stem}.json`))
}

export function readAnswer(folder: string, stem: string): unknown {
  return JSON.parse(readFileSync(join(folder, `${stem}.json`), 'utf8'))
}
