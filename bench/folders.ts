// Folders that a benchmark works in. They are removed when the whole run is over, not between scenarios: ext4 passes
// over the places of files that were deleted in the last minutes, one by one, so that after some thousands of them a new
// file costs ten times as much, and what is measured then is what was removed before.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const made: string[] = []

/** An empty folder, there until the process ends. */
export function makeFolder(): string {
  if (made.length === 0) process.once('exit', removeAll)
  const folder = mkdtempSync(join(tmpdir(), 'arc-bench-'))
  made.push(folder)
  return folder
}

function removeAll(): void {
  for (const folder of made) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}
