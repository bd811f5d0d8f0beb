// The bare baseline for the relay: a loop that does the file operations of both sides for one request after another. It
// has no watch, no hub and no storage.

import { closeSync, constants, fstatSync, mkdirSync, openSync, readSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { putFile, readAnswer } from '../file-client.js'
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
  putFile(requests, stem, REQUEST)
  // the host claims, reads, answers
  const claimed = join(requests, `${stem}.work`)
  renameSync(join(requests, `${stem}.json`), claimed)
  const descriptor = openSync(claimed, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  const bytes = Buffer.allocUnsafe(fstatSync(descriptor).size)
  readSync(descriptor, bytes)
  closeSync(descriptor)
  JSON.parse(bytes.toString('utf8'))
  putFile(responses, stem, RESPONSE)
  // the client reads the answer
  readAnswer(responses, stem)
}
