// A clock that is corrected: waits last as long as they were asked to, and a process is known by its start.

import { spawn } from 'node:child_process'
import t, { type Test } from 'tap'
import { statOf, timeOf } from '../../src/process-stat.js'
import { KeptLeases } from '../../src/sdk/kept-leases.js'
import { PROCESSES } from '../../src/storage/processes.js'

/** Sets the clock of this process, but not its timers. */
function setClock(t: Test, byMs: number): void {
  const { now } = Date
  Date.now = () => now() + byMs
  t.teardown(() => {
    Date.now = now
  })
}

t.test('a lease is refreshed in time after the clock has stepped back', async (t) => {
  const leases = new KeptLeases()
  leases.note('lock', 'a', { ttlSec: 3 }, async () => {})
  const dueInMs = (leases.dueAtMs ?? 0) - performance.now()
  t.ok(dueInMs > 500 && dueInMs <= 1_000, `${dueInMs}`)
  setClock(t, -60_000)
  t.ok((leases.dueAtMs ?? 0) - performance.now() <= dueInMs)
})

t.test(
  'a process is known by its start after the machine has slept',
  { skip: statOf(process.pid) ? false : 'no /proc' },
  async (t) => {
    const child = spawn('sleep', ['60'])
    t.teardown(() => child.kill())
    const pid = child.pid as number
    const started_at = new Date(timeOf(statOf(pid)?.startTicks as number) as number).toISOString()
    t.type(PROCESSES.markOf({ pid, started_at }), 'string')
    setClock(t, 60_000) // as after a minute of sleep, for which the clock of timers stood still
    t.type(PROCESSES.markOf({ pid, started_at }), 'string')
    t.equal(PROCESSES.markOf({ pid, started_at: new Date(Date.now() - 3_600_000).toISOString() }), undefined)
  },
)
