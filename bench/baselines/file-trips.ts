// The bare baseline for a round trip over files: this process and a child hand each other one file after another, as an
// agent and a hub do. The child claims each file that its watch reports, reads it, flushes a commit to the disk and
// writes an answer. It has no queue, no order, no storage and no guard.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, renameSync, rmSync, watch } from 'node:fs'
import { join } from 'node:path'
import { putFile, readAnswer } from '../file-client.js'
import { answerJob, end } from '../processes.js'
import { FlushedLog } from './flushed-log.js'

export interface FileTripsJob {
  readonly folder: string
  readonly trips: number
}

const ANSWERER = '--answer'
const LOG = 'log'
const [role, folder = ''] = process.argv.slice(2)
if (role === ANSWERER) answerRequests(folder)
else answerJob(makeTrips)

async function makeTrips({ folder, trips }: FileTripsJob): Promise<number[]> {
  const { requests, responses } = folders(folder)
  for (const path of [requests, responses]) mkdirSync(path, { recursive: true })
  const other = fork(new URL(import.meta.url), [ANSWERER, folder])
  await once(other, 'message')
  const fail = () => process.exit(1)
  other.once('exit', fail)
  let answered: (stem: string) => void = () => {}
  const watcher = watch(responses, (_event, name) => {
    if (name?.endsWith('.json')) answered(name.slice(0, -'.json'.length))
  })
  const latenciesMs: number[] = []
  for (let i = 0; i < trips; i++) {
    const stem = `post-${i}`
    const submittedAt = performance.now()
    const isAnswered = new Promise<void>((resolve) => {
      answered = (name) => name === stem && resolve()
    })
    putFile(requests, stem, JSON.stringify({ request_id: stem, body: { body: 'x'.repeat(320) } }))
    await isAnswered
    readAnswer(responses, stem)
    latenciesMs.push(performance.now() - submittedAt)
  }
  watcher.close()
  other.off('exit', fail)
  await end(other)
  rmSync(join(folder, LOG)) // each round writes one
  return latenciesMs
}

function answerRequests(folder: string): void {
  const { requests, responses } = folders(folder)
  const log = new FlushedLog(join(folder, LOG))
  watch(requests, (_event, name) => {
    if (!name?.endsWith('.json')) return
    const stem = name.slice(0, -'.json'.length)
    const claimed = join(requests, `${stem}.work`)
    try {
      renameSync(join(requests, name), claimed)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return // this process claimed it: the event is its own rename
      throw error
    }
    const request = JSON.parse(readFileSync(claimed, 'utf8'))
    log.commit(1)
    putFile(responses, stem, JSON.stringify({ ...request, body: { body: 'x'.repeat(480) } }))
  })
  process.once('disconnect', () => process.exit()) // the parent has ended
  process.send?.('ready')
}

function folders(folder: string) {
  return { requests: join(folder, 'requests'), responses: join(folder, 'responses') }
}
