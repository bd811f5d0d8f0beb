// What the storage says to commands, and to a batch of them.

import { join } from 'node:path'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { answerOf } from '../../src/dispatch/answers.js'
import type { IdempotencyKey, Submission } from '../../src/storage/commands.js'
import { SqliteBackend } from '../../src/storage/sqlite/backend.js'
import { ownFolder } from '../support/folder.js'

const input = (body: string) => ({
  from_agent: 'a',
  body,
  kind: 'chat' as const,
  attachments: '[]',
  metadata: '{}',
})

function post(body: string, idempotency?: IdempotencyKey): Submission {
  return { command: { op: 'message.post', input: input(body) }, idempotency }
}

function openBackend(t: Test): SqliteBackend {
  const storagePath = join(ownFolder(t), 'arc.sqlite3')
  const options = { storagePath, hubId: 'test', presenceTtlSec: 120, allowRemote: false, log: () => {} }
  const backend = SqliteBackend.open(options)
  t.teardown(() => backend.close())
  return backend
}

t.test(
  'the outcome of a post is the text of the message in the feed, and that of its stored answer',
  async (t) => {
    const backend = openBackend(t)
    const key = { scope: 'http', key: 'k', requestHash: 'h' }
    const { outcomes, messages } = backend.apply([post('one'), post('two', key)], [])
    t.strictSame(
      outcomes,
      messages.map(({ json }) => json),
    )
    const answers = outcomes.map(answerOf)
    t.match(JSON.parse(answers[1]?.body ?? ''), { ok: true, result: { id: messages[1]?.id, body: 'two' } })
    t.equal(answers[1]?.status, 201)
    const [replayed] = backend.apply([post('two', key)], []).outcomes
    t.strictSame(replayed && answerOf(replayed), { ...answers[1], replayed: true })
  },
)

t.test('a refusal spoils nothing of its batch, and is told as it would be alone', async (t) => {
  const backend = openBackend(t)
  const lost = (body: string): Submission => ({
    command: { op: 'message.post', input: { ...input(body), channel: 'nowhere' } },
  })
  const key = { scope: 'http', key: 'k', requestHash: 'h' }
  let lastId = 0
  for (let round = 1; round <= 150; round++) {
    const refused = round % 50 === 1
    const batch = [
      post('first'),
      ...(refused ? [lost('lost'), { ...lost('keyed'), idempotency: key }] : []),
      post('last'),
    ]
    const { outcomes, messages } = backend.apply(batch, [])
    const statuses = outcomes.map(answerOf).map(({ status }) => status)
    t.strictSame(statuses, refused ? [201, 400, 400, 201] : [201, 201], `round ${round}`)
    t.strictSame(
      messages.map(({ id }) => id),
      [lastId + 1, lastId + 2],
      'each is published once, and no id is lost',
    )
    lastId += 2
  }
  const [alone] = backend.apply([lost('alone')], []).outcomes
  t.match(alone, { code: 'invalid_request' })
  const [again] = backend.apply([{ ...lost('keyed'), idempotency: key }], []).outcomes
  t.match(
    again,
    { code: 'invalid_request', isReplayed: true },
    'the answer to a key is stored with its batch',
  )
  t.equal(backend.latestId(), lastId)
})

t.test('what a post has done before it fails is taken back, alone and among others', async (t) => {
  const backend = openBackend(t)
  const db = new Database(backend.facts.storagePath)
  t.teardown(() => db.close())
  db.exec(`CREATE TRIGGER half_way BEFORE INSERT ON arc_threads WHEN NEW.thread_id = 'broken' BEGIN
    SELECT RAISE(FAIL, 'half of it is done'); END`)
  const inThread = (thread_id: string): Submission => ({
    command: { op: 'message.post', input: { ...input('in a thread'), thread_id } },
  })
  const broken = inThread('broken')
  const statuses = [[broken], [post('before'), broken, inThread('sound')]].map((batch) =>
    backend.apply(batch, []).outcomes.map((outcome) => answerOf(outcome).status),
  )
  t.strictSame(statuses, [[500], [201, 500, 201]])
  t.strictSame(db.prepare('SELECT id, thread_id FROM messages').raw().all(), [
    [1, null],
    [2, 'sound'],
  ])
  t.strictSame(db.prepare('SELECT thread_id FROM arc_threads').pluck().all(), ['sound'])
})
