// Thread of a test: puts a link in place of a folder, and the folder back, as fast as it can and so often as
// it is told. In the end the folder is where it was.

import { renameSync, symlinkSync, unlinkSync } from 'node:fs'
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
  symlinkSync(target, folder)
  spin(0.3)
  unlinkSync(folder)
  renameSync(aside, folder)
}
parentPort?.postMessage('done')

/** Up to so many milliseconds, so that the swap falls now here, now there. */
function spin(maxMs: number): void {
  const until = performance.now() + Math.random() * maxMs
  while (performance.now() < until);
}
