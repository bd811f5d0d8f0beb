// Who serves a spool: a host of another state keeps off as long as the first one lives, however slow that is.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { occupy } from '../../src/fsqueue/occupancy.js'
import { SafeFolder } from '../../src/fsqueue/safe-folder.js'
import { ownFolder } from '../support/folder.js'

const SECOND_MS = 1_000

/** What a host of the state `mine` finds where one of `state` has left its mark so many milliseconds ago. */
function find(t: Test, mark: { host_name: string; pid: number; state?: string }, agoMs: number) {
  const spool = ownFolder(t)
  const seen_at_ms = Date.now() - agoMs
  writeFileSync(join(spool, 'host.json'), JSON.stringify({ state: 'other', ...mark, seen_at_ms }))
  using root = SafeFolder.open(spool)
  return occupy(root, 'mine')
}

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  return child.pid as number
}

t.test(
  'a host of this machine has gone when its process has, or when it has been silent for minutes',
  async (t) => {
    const living = { host_name: hostname(), pid: process.ppid }
    t.match(find(t, living, SECOND_MS), { kind: 'occupied' })
    t.match(find(t, living, 60 * SECOND_MS), { kind: 'occupied' }, 'it may be slow')
    t.match(find(t, living, 180 * SECOND_MS), { kind: 'taken_over', after: 'other' })
    const dead = { host_name: hostname(), pid: await deadPid() }
    t.match(find(t, dead, SECOND_MS), { kind: 'taken_over', after: 'other' })
  },
)

t.test('a host of another machine has gone when it has been silent for 15 seconds', async (t) => {
  const elsewhere = { host_name: `not-${hostname()}`, pid: await deadPid() }
  t.match(find(t, elsewhere, 10 * SECOND_MS), { kind: 'occupied' })
  t.match(find(t, elsewhere, 20 * SECOND_MS), { kind: 'taken_over', after: 'other' })
})

t.test('hosts of one state serve together, and each finds the mark of the other', async (t) => {
  const beside = { host_name: hostname(), pid: await deadPid(), state: 'mine' }
  t.match(find(t, beside, SECOND_MS), { kind: 'serving', beside })
})
