// The file operations of a client of the file relay. The baseline, which plays both sides, and the load, which faces a
// hub, share them.

import { closeSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** Writes a file under a temporary name and renames it, so it appears whole, as on both sides of the relay. */
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
