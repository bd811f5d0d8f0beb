// Thread of a test: puts a link in place of a folder, and the folder back, as fast as it can and so often as
// it is told. In the end the folder is where it was.

import { readdirSync, renameSync, symlinkSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'

const { folder, aside, target, rounds } = workerData as {
  folder: string
  /** Where the folder is while the link stands: not beside it, where it would be another agent's. */
  aside: string
  target: string
  rounds: number
}

for (let round = 0; round < rounds; round++) {
  spin(0.3)
  renameSync(folder, aside)
  if (putLink()) {
    spin(0.3)
    unlinkSync(folder)
  }
  putBack()
}
parentPort?.postMessage('done')

/** False where the hub was faster and has made a folder. */
function putLink(): boolean {
  try {
    symlinkSync(target, folder)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  }
}

/** Where there is nothing for a moment, the hub may make a folder, and put answers into it: they are kept. */
function putBack(): void {
  for (;;) {
    try {
      renameSync(aside, folder)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error
    }
    for (const name of readdirSync(folder)) {
      if (name.endsWith('.json')) renameSync(join(folder, name), join(aside, name))
    }
  }
}

/** Up to so many milliseconds, so that the swap falls now here, now there. */
function spin(maxMs: number): void {
  const until = performance.now() + Math.random() * maxMs
  while (performance.now() < until);
}
