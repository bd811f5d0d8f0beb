// Folders that a benchmark works in. They are removed when the whole run is over, not between scenarios: ext4 passes
// over the places of files that were deleted in the last minutes, one by one, so that after some thousands of them a new
// file costs ten times as much, and what is measured then is what was removed before. The next run is to come some
// minutes later for the same reason, or to work elsewhere (TMPDIR).

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const made: string[] = []

/** An empty folder, there until the process ends, be it by a signal. */
export function makeFolder(): string {
  if (made.length === 0) removeAtEnd()
  const folder = mkdtempSync(join(tmpdir(), 'arc-bench-'))
  made.push(folder)
  return folder
}

function removeAtEnd(): void {
  process.once('exit', () => {
    for (const folder of made) remove(folder)
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))
}

function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  } catch (error) {
    console.error(`${folder} could not be removed: ${(error as Error).message}`)
  }
}
