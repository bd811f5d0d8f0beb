// The folders of a benchmark. The process removes them at its end, not between scenarios: ext4 passes over the places of
// recently deleted files one by one, so after some thousands of deletions a new file costs ten times as much for some
// minutes. For the same reason, start the next run some minutes later, or in another place (TMPDIR).

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const made: string[] = []

/** An empty folder. It exists until the process ends, also by a signal. */
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
