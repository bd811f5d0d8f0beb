// The rules by which the roles of a smoke run agree on a run, as functions of messages and sessions.

import t from 'tap'
import { heartbeat, isAttended, isSuperseded, openTask, wantedOf } from '../../src/cli/smoke/rules.js'
import type { Message, Session } from '../../src/sdk/index.js'

const START = Date.parse('2026-01-01T12:00:00Z')
const at = (sec: number) => new Date(START + sec * 1_000).toISOString()

let lastId = 0
function message(from_agent: string, kind: Message['kind'], fields: Partial<Message> = {}): Message {
  const id = ++lastId
  const rest = { to_agent: null, channel: 'smoke-room', thread_id: 'thread', attachments: [], metadata: {} }
  return { id, ts: at(0), from_agent, kind, body: '', reply_to: null, ...rest, ...fields }
}

function session(agent_id: string, createdSec: number, lastSeenSec: number): Session {
  const times = { created_at: at(createdSec), last_seen: at(lastSeenSec) }
  const rest = { session_id: agent_id, display_name: agent_id, capabilities: [], metadata: {}, active: true }
  return { agent_id, ...times, ...rest }
}

t.test('the run is the newest task of smoke-a, and of nobody else', async (t) => {
  const [older, newer] = [message('smoke-a', 'task'), message('smoke-a', 'task')]
  t.equal(openTask([older, newer, message('smoke-b', 'task')]), newer)
  t.equal(openTask([message('smoke-b', 'task'), message('smoke-a', 'chat')]), undefined)
  t.equal(openTask([]), undefined)
})

t.test('a notice of smoke-a closes its run, one of another or of an older run does not', async (t) => {
  const old = message('smoke-a', 'notice')
  const task = message('smoke-a', 'task')
  t.equal(openTask([old, task, message('smoke-c', 'notice')]), task)
  t.equal(openTask([task, message('smoke-a', 'notice')]), undefined)
})

t.test('a task is attended as long as its author keeps the session in which it was posted', async (t) => {
  const task = message('smoke-a', 'task', { ts: at(10) })
  const me = session('smoke-b', 20, 20)
  t.equal(isAttended(task, [session('smoke-a', 5, 10), me], 'smoke-b'), true)
  t.equal(isAttended(task, [me], 'smoke-b'), false, 'it has left')
  t.equal(isAttended(task, [session('smoke-a', 11, 30), me], 'smoke-b'), false, 'this is a later session')
})

t.test(
  'an author that has promised a heartbeat must have been seen for longer than a ghost could',
  async (t) => {
    const task = message('smoke-a', 'task', { ts: at(10), metadata: heartbeat(1) })
    const seen = (lastSec: number) =>
      isAttended(task, [session('smoke-a', 5, lastSec), session('smoke-b', 20, 20)], 'smoke-b')
    t.equal(seen(22), false, 'a sign of life may be noted two seconds late')
    t.equal(seen(23), true)
    t.equal(isAttended(task, [session('smoke-a', 5, 22)], 'smoke-b'), true, 'who has no session can not tell')
  },
)

t.test('a run is superseded by a newer task of smoke-a alone', async (t) => {
  const run = message('smoke-a', 'task')
  t.equal(isSuperseded(run, [run, message('smoke-b', 'task')]), false)
  t.equal(isSuperseded(run, [run, message('smoke-a', 'task')]), true)
})

t.test('a message is of the run when it is newer than the task and replies to nothing older', async (t) => {
  const old = message('smoke-b', 'artifact')
  const run = message('smoke-a', 'task')
  const stale = message('smoke-b', 'artifact', { reply_to: old.id })
  const fits = message('smoke-b', 'artifact', { reply_to: run.id })
  const wanted = { from: 'smoke-b', kind: 'artifact' }
  t.equal(wantedOf(run, [old, run, stale], wanted), undefined)
  t.equal(wantedOf(run, [old, run, stale, fits], wanted), fits)
  const plain = message('smoke-b', 'artifact')
  t.equal(wantedOf(run, [run, plain, fits], wanted), plain, 'the first one, and it need not be a reply')
})

t.test('a message fits by its author, its kind and its words', async (t) => {
  const run = message('smoke-a', 'task')
  const wanted = { from: 'smoke-c', kind: 'notice', containing: 'verified' }
  const others = [
    message('smoke-b', 'notice', { body: 'verified' }),
    message('smoke-c', 'chat', { body: 'verified' }),
    message('smoke-c', 'notice', { body: 'not yet' }),
  ]
  t.equal(wantedOf(run, [run, ...others], wanted), undefined)
  const fits = message('smoke-c', 'notice', { body: 'all is verified' })
  t.equal(wantedOf(run, [run, ...others, fits], wanted), fits)
})
