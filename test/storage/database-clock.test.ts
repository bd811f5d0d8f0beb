// The database's clock as a hub knows it from answers that came late.

import t from 'tap'
import { DatabaseClock } from '../../src/storage/postgres/clock.js'

/** A clock, and the database's time `lateMs` ago told to it at a monotonic time. */
function arena() {
  let nowMs = 0
  const clock = new DatabaseClock(() => nowMs)
  return {
    clock,
    at: (ms: number) => {
      nowMs = ms
    },
    told: (databaseMs: number, lateMs: number) => clock.set(databaseMs - lateMs),
  }
}

t.test("before the first answer the time is this machine's", async (t) => {
  const before = Date.now()
  t.ok(new DatabaseClock().now() >= before)
})

t.test('a late answer does not put it back', async (t) => {
  const { clock, at, told } = arena()
  at(100)
  told(50_100, 3)
  t.equal(clock.now(), 50_097)
  at(1_100)
  told(51_100, 400)
  t.equal(clock.now(), 51_097)
  at(1_600)
  told(51_600, 1)
  t.equal(clock.now(), 51_599, 'a younger one puts it forward')
})

t.test("the database's clock is put back: the hub follows after some seconds", async (t) => {
  const { clock, at, told } = arena()
  told(50_000, 0)
  for (let ms = 1_000; ms <= 12_000; ms += 1_000) {
    at(ms)
    told(40_000 + ms, 0)
  }
  t.equal(clock.now(), 52_000)
})

t.test('this machine was suspended, and its monotonic clock with it: the next answer counts', async (t) => {
  const { clock, at, told } = arena()
  told(50_000, 0)
  at(10)
  told(3_650_000, 0)
  t.equal(clock.now(), 3_650_000)
})
