// The bystander: an honest agent in a thread of its own. It posts one message after another over the spool during the test's
// attack, and measures the time of each answer. The thread keeps the test's own work on files out of these times.

import { setTimeout as pause } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { RawAgent, type RawResponse } from './raw-agent.js'

export interface BystanderReport {
  readonly tookMs: readonly number[]
  readonly wrong: readonly string[]
}

const PAUSE_MS = 10
const LOOK_MS = 1
const HANG_MS = 30_000

const { spool } = workerData as { spool: string }
const agent = new RawAgent(spool, 'bystander')
const tookMs: number[] = []
const wrong: string[] = []
let goesOn = true
parentPort?.once('message', () => {
  goesOn = false
})

do {
  const startedAt = performance.now()
  const stem = agent.say('I am still here')
  while (!agent.hasResponse(stem) && performance.now() - startedAt < HANG_MS) await pause(LOOK_MS)
  tookMs.push(performance.now() - startedAt)
  const response = await agent.response(stem, 1).catch(String as (error: unknown) => string)
  if ((response as RawResponse).status !== 201) wrong.push(`${stem}: ${JSON.stringify(response)}`)
  if (tookMs.length === 1) parentPort?.postMessage('served')
  await pause(PAUSE_MS)
} while (goesOn && wrong.length < 5)
parentPort?.postMessage({ tookMs, wrong } satisfies BystanderReport)
