// The restart intensity and the pauses between tries, as pure functions of time.

import t from 'tap'
import { DEFAULT_INTENSITY, RestartWindow, restartDelayMs } from '../../src/actors/runtime/restart-window.js'

t.test('it allows just so many restarts within the window', async (t) => {
  const window = new RestartWindow({ maxRestarts: 3, withinMs: 1_000 })
  const allowed = [0, 10, 20, 30].map((at) => window.allows(at))
  t.strictSame(allowed, [true, true, true, false])
})

t.test('a restart counts until the window has passed, to the millisecond', async (t) => {
  const window = new RestartWindow({ maxRestarts: 1, withinMs: 1_000 })
  t.ok(window.allows(0))
  t.notOk(window.allows(999))
  const later = new RestartWindow({ maxRestarts: 1, withinMs: 1_000 })
  t.ok(later.allows(0))
  t.ok(later.allows(1_000))
})

t.test('the window slides: rare crashes never add up', async (t) => {
  const window = new RestartWindow({ maxRestarts: 2, withinMs: 1_000 })
  for (let at = 0; at < 100_000; at += 501) t.ok(window.allows(at), `at ${at} ms`)
})

t.test('the window slides: a burst counts even across what was a boundary', async (t) => {
  const window = new RestartWindow({ maxRestarts: 2, withinMs: 1_000 })
  t.strictSame(
    [900, 950, 1_050].map((at) => window.allows(at)),
    [true, true, false],
  )
})

t.test('no restart may be allowed at all', async (t) => {
  t.notOk(new RestartWindow({ maxRestarts: 0, withinMs: 1_000 }).allows(0))
})

t.test('by default it is 5 in 30 s', async (t) => {
  t.strictSame(DEFAULT_INTENSITY, { maxRestarts: 5, withinMs: 30_000 })
})

t.test(
  'the first try comes at once, the next after 100 ms and doubling, none after more than 2 s',
  async (t) => {
    t.strictSame(
      [0, 1, 2, 3, 4, 5, 6, 7, 1_000].map(restartDelayMs),
      [0, 100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000],
    )
  },
)
