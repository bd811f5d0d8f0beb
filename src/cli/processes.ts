// Waits for the end of a process.

import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive } from '../process-stat.js'

/** Waits until the process is gone; false when it still lives after `timeoutMs`. */
export async function goneWithin(pid: number, timeoutMs: number): Promise<boolean> {
  const giveUpAt = Date.now() + timeoutMs
  while (isAlive(pid)) {
    if (Date.now() > giveUpAt) return false
    await sleep(10)
  }
  return true
}
