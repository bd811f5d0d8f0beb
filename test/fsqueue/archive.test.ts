// What goes to the archive, and in which order: a request never outlives its response in the hot folders, since it
// would seem unanswered then, and be executed again.

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type ArchiveTask, archive } from '../../src/fsqueue/archive.js'
import { take } from '../../src/fsqueue/take.js'
import { ownFolder } from '../support/folder.js'

const SETTLED = 50

/** A spool in which so many requests of one queue are answered, although their clients had given up. */
function settledSpool(spool: string): void {
  for (const kind of ['requests', 'responses']) mkdirSync(join(spool, kind, 'queue'), { recursive: true })
  for (let i = 0; i < SETTLED; i++) {
    writeFileSync(join(spool, 'requests', 'queue', `${i}.work`), '{}')
    writeFileSync(join(spool, 'requests', 'queue', `${i}.gone`), '')
    writeFileSync(join(spool, 'responses', 'queue', `${i}.json`), '{}')
  }
}

/** Everything is old enough to be moved. */
const taskFor = (spool: string, maxMoves: number): ArchiveTask => ({
  spool,
  queue: 'queue',
  unanswered: [],
  keepNewest: 0,
  requestAgeMs: -1,
  responseAgeMs: -1,
  responses: true,
  orphanAgeMs: 90_000,
  maxMoves,
})

t.test('no response is moved before its request', async (t) => {
  const spool = ownFolder(t)
  settledSpool(spool)
  const stems = (kind: string, ending: string) => {
    const names = readdirSync(join(spool, kind, 'queue')).filter((name) => name.endsWith(ending))
    return names.map((name) => name.slice(0, -ending.length))
  }
  let sweeps = 0
  for (; stems('responses', '.json').length > 0 && sweeps < SETTLED; sweeps++) {
    archive(taskFor(spool, 7))
    const responses = new Set(stems('responses', '.json'))
    const bare = stems('requests', '.work').filter((stem) => !responses.has(stem))
    t.strictSame(bare, [], 'every request that is left has its response')
  }
  t.strictSame([stems('requests', ''), stems('responses', '')], [[], []], 'in the end all is moved')
  t.ok(sweeps > 2, 'in several sweeps')
})

t.test('a claimed request that has been answered since it was found is not taken up again', async (t) => {
  const spool = ownFolder(t)
  settledSpool(spool)
  writeFileSync(join(spool, 'requests', 'queue', 'unanswered.work'), '{}')
  const queues = [{ queue: 'queue', names: ['0.work', 'unanswered.work'], max: 10, maxNames: 10 }]
  const [taken] = take({ spool, queues, maxRequestBytes: 1_000, maxBytes: 1_000 })
  t.match(taken, { requests: [{ stem: 'unanswered', resumed: true }], backlog: [] })
  t.equal(taken?.requests.length, 1)
})
