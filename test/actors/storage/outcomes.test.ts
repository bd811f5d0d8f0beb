// What the storage says to a post: the stored message itself, so that its text crosses to the door once.

import { join } from 'node:path'
import { serialize } from 'node:v8'
import t from 'tap'
import { SqliteBackend } from '../../../src/actors/storage/sqlite/backend.js'
import { answerOf, type IdempotencyKey, type Submission } from '../../../src/protocol/commands.js'
import { ownFolder } from '../../support/folder.js'

function post(body: string, idempotency?: IdempotencyKey): Submission {
  const input = { from_agent: 'a', body, kind: 'chat' as const, attachments: '[]', metadata: '{}' }
  return { command: { op: 'message.post', input }, idempotency }
}

t.test(
  'the outcome of a post and the message in the feed are one object, and cross a port as one',
  async (t) => {
    const backend = SqliteBackend.open({
      storagePath: join(ownFolder(t), 'arc.sqlite3'),
      hubId: 'test',
      presenceTtlSec: 120,
      allowRemote: false,
      log: () => {},
    })
    t.teardown(() => backend.close())
    const key = { scope: 'http', key: 'k', requestHash: 'h' }
    const text = 'x'.repeat(10_000)
    const { outcomes, messages } = backend.apply([post(text), post(text, key)], [])
    t.equal(outcomes[0], messages[0])
    t.equal(outcomes[1], messages[1])
    t.ok(serialize([messages, outcomes]).length < 2.1 * text.length, 'each text is written once')

    const answers = outcomes.map(answerOf)
    t.strictSame(
      answers.map(({ status }) => status),
      [201, 201],
    )
    const [replayed] = backend.apply([post(text, key)], []).outcomes
    t.strictSame(replayed, { ...answers[1], replayed: true }, 'and the stored answer is the same text')
  },
)
