// Housekeeping of idle queues: a queue without files costs one task after its last use, and no more.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as endOfTurn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type ArchiveTask, archive } from '../../src/fsqueue/archive.js'
import { Complaints } from '../../src/fsqueue/complaints.js'
import { Housekeeping } from '../../src/fsqueue/housekeeping.js'
import type { FilePool } from '../../src/fsqueue/pool.js'
import { ownFolder } from '../support/folder.js'
import { until } from '../support/waiting.js'

const HALF_A_MINUTE_MS = 31_000

/** Lets the clock of this process jump. */
function clock(t: Test): (ms: number) => void {
  const now = Date.now
  let offset = 0
  Date.now = () => now() + offset
  t.teardown(() => {
    Date.now = now
  })
  return (ms) => {
    offset += ms
  }
}

t.test('a queue whose folders are empty is swept once', async (t) => {
  const pass = clock(t)
  const spool = ownFolder(t)
  const queues = ['empty-1', 'empty-2', 'used']
  for (const queue of queues) {
    for (const kind of ['requests', 'responses']) mkdirSync(join(spool, kind, queue), { recursive: true })
  }
  writeFileSync(join(spool, 'requests', 'used', '1.work'), '{}')
  writeFileSync(join(spool, 'responses', 'used', '1.json'), '{}')
  let swept: string[] = []
  const pool = {
    run: async (_name: string, task: ArchiveTask) => {
      swept.push(task.queue)
      return archive(task)
    },
  } as unknown as FilePool
  const housekeeping = new Housekeeping({
    pool,
    spool,
    unanswered: () => [],
    onOrphans: () => {},
    complaints: new Complaints(() => {}),
    onFailure: (error) => t.fail(error.message),
  })
  t.teardown(() => housekeeping.close())
  for (const queue of queues) housekeeping.touched(queue)
  pass(HALF_A_MINUTE_MS)
  housekeeping.tick()
  await until('all to be swept', () => swept.length === 3)
  await endOfTurn()
  for (let i = 0; i < 3; i++) {
    swept = []
    pass(HALF_A_MINUTE_MS)
    housekeeping.tick()
    await until('a sweep', () => swept.length > 0)
    await endOfTurn() // the sweep ends
    t.strictSame(swept, ['used'])
  }
})
