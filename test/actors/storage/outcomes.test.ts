// What the storage says to a post.

import { join } from 'node:path'
import t from 'tap'
import { SqliteBackend } from '../../../src/actors/storage/sqlite/backend.js'
import { answerOf, type IdempotencyKey, type Submission } from '../../../src/protocol/commands.js'
import { ownFolder } from '../../support/folder.js'

function post(body: string, idempotency?: IdempotencyKey): Submission {
  const input = { from_agent: 'a', body, kind: 'chat' as const, attachments: '[]', metadata: '{}' }
  return { command: { op: 'message.post', input }, idempotency }
}

t.test(
  'the outcome of a post is the text of the message in the feed, and that of its stored answer',
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
    const { outcomes, messages } = backend.apply([post('one'), post('two', key)], [])
    t.strictSame(
      outcomes,
      messages.map(({ json }) => json),
    )
    const answers = outcomes.map(answerOf)
    t.match(JSON.parse(answers[1]?.body ?? ''), { ok: true, result: { id: messages[1]?.id, body: 'two' } })
    t.equal(answers[1]?.status, 201)
    const [replayed] = backend.apply([post('two', key)], []).outcomes
    t.strictSame(replayed, { ...answers[1], replayed: true })
  },
)
