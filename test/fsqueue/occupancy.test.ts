// Who serves a spool: a host of another state keeps off as long as the first one lives, however slow that is.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import t, { type Test } from 'tap'
import { occupy } from '../../src/fsqueue/occupancy.js'
import { STARTED_AT_MS, THIS_PROCESS } from '../../src/fsqueue/process-mark.js'
import { SafeFolder } from '../../src/fsqueue/safe-folder.js'
import { ownFolder } from '../support/folder.js'
import { until } from '../support/waiting.js'

const SECOND_MS = 1_000
const NEEDS_PROC = { skip: existsSync('/proc/self') ? false : 'needs /proc' }

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

t.test('a mark with the number of this process that another one left is an old mark', async (t) => {
  const earlier = { ...THIS_PROCESS, start_ticks: 1 }
  t.match(find(t, earlier, SECOND_MS), { kind: 'taken_over', after: 'other' })
  const ofAnEarlierVersion = { host_name: hostname(), pid: process.pid }
  t.match(find(t, ofAnEarlierVersion, SECOND_MS), { kind: 'taken_over', after: 'other' })
  t.match(
    find(t, THIS_PROCESS, SECOND_MS),
    { kind: 'occupied' },
    'one of its own threads serves another state',
  )
})

t.test('a host has gone when its number belongs to another process by now', NEEDS_PROC, async (t) => {
  const mark = { ...THIS_PROCESS, pid: process.ppid, start_ticks: 1 }
  t.match(find(t, mark, SECOND_MS), { kind: 'taken_over', after: 'other' })
})

t.test('a host has gone when its process only waits for its parent to take note', NEEDS_PROC, async (t) => {
  // It ends when its parent is a program that never takes note: a shell may have done so before.
  const child = spawn('sh', ['-c', 'sh -c "read line" <&3 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const [text] = await once(child.stdout as Readable, 'data')
  const mark = { host_name: hostname(), pid: Number(text) }
  await until('its parent', () => readFileSync(`/proc/${child.pid}/comm`, 'utf8') === 'sleep\n')
  const input = child.stdio[3] as Writable
  input.end()
  await until('it to have ended', () => /\) Z /.test(readFileSync(`/proc/${mark.pid}/stat`, 'utf8')))
  t.match(find(t, mark, SECOND_MS), { kind: 'taken_over', after: 'other' })
})

t.test(
  'a host in another container has gone when it left its mark before this process started',
  async (t) => {
    const container = { ...THIS_PROCESS, boot_id: 'this', pid_namespace: 'pid:[1]', pid: 1 }
    const here = { ...container, boot_id: THIS_PROCESS.boot_id ?? 'none' }
    const sinceStartMs = Date.now() - STARTED_AT_MS
    const beforeStartMs = sinceStartMs + 5 * SECOND_MS // as many as may pass until it is compared
    t.match(find(t, here, beforeStartMs), { kind: 'taken_over', after: 'other' })
    t.match(find(t, here, sinceStartMs / 2), { kind: 'occupied' }, 'this mark is younger: it lives')
    t.match(
      find(t, container, Math.min(beforeStartMs, 14 * SECOND_MS)),
      { kind: 'occupied' },
      'of another machine that is not known',
    )
    t.match(find(t, here, 20 * SECOND_MS), { kind: 'taken_over', after: 'other' })
  },
)

t.test('hosts of one state serve together, and each finds the mark of the other', async (t) => {
  const beside = { host_name: hostname(), pid: await deadPid(), state: 'mine' }
  t.match(find(t, beside, SECOND_MS), { kind: 'serving', beside })
})
