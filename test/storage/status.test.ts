// The status while the storage answers, is silent, and answers again.

import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { ArcError } from '../../src/protocol/errors.js'
import { type Done, done } from '../../src/storage/outcome.js'
import { Status } from '../../src/storage/status.js'

const ASKED = {
  waiting_polls: 1,
  waiting_agents: ['a'],
  open_streams: 0,
  durability: { journal_mode: 'wal', synchronous: 'full' },
  commits: 3,
  storage_problem: null,
}
const NEVER = new Promise<Done>(() => {})
const counts = (messages: number) => done({ counts: { messages }, ...ASKED })
const read = async (answer: Promise<Done>) => JSON.parse((await answer).result)

t.test('a storage that is silent or fails is told of, with the last counts', async (t) => {
  let answer = async () => counts(1)
  const status = new Status(() => answer())
  t.strictSame(await read(status.answer(ASKED)), {
    counts: { messages: 1 },
    ...ASKED,
    storage_silent_sec: 0,
  })
  answer = () => NEVER
  const silent = await read(status.answer({ ...ASKED, waiting_polls: 2 }))
  t.match(silent, { counts: { messages: 1 }, waiting_polls: 2 })
  t.ok(silent.storage_silent_sec >= 2 && silent.storage_silent_sec < 30)
  answer = () => Promise.reject(new ArcError('unavailable', 'cut off'))
  t.match(await read(status.answer(ASKED)), { counts: { messages: 1 }, storage_silent_sec: Number })
  answer = () => Promise.reject(new Error('a defect'))
  await t.rejects(status.answer(ASKED), /a defect/)
  answer = async () => counts(2)
  t.match(await read(status.answer(ASKED)), { counts: { messages: 2 }, storage_silent_sec: 0 })
})

t.test('without an earlier status it waits for the storage, and fails with it', async (t) => {
  const first = new Status(async () => {
    await pause(20)
    return counts(1)
  })
  t.match(await read(first.answer(ASKED)), { storage_silent_sec: 0 })
  const failing = new Status(() => Promise.reject(new Error('cut off')))
  await t.rejects(failing.answer(ASKED), /cut off/)
})
