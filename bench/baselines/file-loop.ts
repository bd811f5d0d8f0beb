// The bare baseline for the relay: one loop that does, for one request after another, the file operations
// that a request of the relay costs both sides together, and nothing else. No watch, no hub, no storage.

import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { answerJob } from '../processes.js'

export interface FileLoopJob {
  readonly folder: string
  readonly agents: number
  readonly requestsEach: number
}

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants
const REQUEST = JSON.stringify({ request_id: 'x'.repeat(26), body: { body: 'x'.repeat(320) } })
const RESPONSE = JSON.stringify({ request_id: 'x'.repeat(26), body: { body: 'x'.repeat(480) } })

answerJob(async ({ folder, agents, requestsEach }: FileLoopJob): Promise<{ seconds: number }> => {
  const queues = Array.from({ length: agents }, (_, i) => {
    const queue = { requests: join(folder, `requests/${i}`), responses: join(folder, `responses/${i}`) }
    for (const path of Object.values(queue)) mkdirSync(path, { recursive: true })
    return queue
  })
  const startedAt = performance.now()
  for (let i = 0; i < requestsEach; i++) for (const queue of queues) oneRequest(queue, `${i}`)
  return { seconds: (performance.now() - startedAt) / 1_000 }
})

function oneRequest({ requests, responses }: { requests: string; responses: string }, stem: string): void {
  // the client submits
  writeNew(join(requests, `.${stem}.tmp`), REQUEST)
  renameSync(join(requests, `.${stem}.tmp`), join(requests, `${stem}.json`))
  // the host claims, reads, answers
  const claimed = join(requests, `${stem}.work`)
  renameSync(join(requests, `${stem}.json`), claimed)
  const descriptor = openSync(claimed, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  const bytes = Buffer.allocUnsafe(fstatSync(descriptor).size)
  readSync(descriptor, bytes)
  closeSync(descriptor)
  JSON.parse(bytes.toString('utf8'))
  writeNew(join(responses, `.${stem}.tmp`), RESPONSE)
  renameSync(join(responses, `.${stem}.tmp`), join(responses, `${stem}.json`))
  // the client reads the answer
  JSON.parse(readFileSync(join(responses, `${stem}.json`), 'utf8'))
}

function writeNew(path: string, text: string): void {
  const descriptor = openSync(path, 'wx')
  writeSync(descriptor, text)
  closeSync(descriptor)
}
