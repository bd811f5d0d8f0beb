// The commands at a hub of version 1: they do what it allows, and say what it lacks.

import t from 'tap'
import type { Message, Task } from '../../src/protocol/objects.js'
import { json, jsonLines, Place } from '../support/arc-process.js'
import { startV1Hub } from '../support/v1-hub.js'

const place = new Place(t)
const { url } = await startV1Hub(t)
const as = (agent: string, line: string, ...texts: string[]) =>
  place.arc([...line.split(' '), '--agent', agent, '--base-url', url, ...texts])

let hello: Message
let request: Message

t.test('what version 1 has works as it is', async (t) => {
  hello = json<Message>(await as('me', 'post', 'hello'))
  t.match(json(await as('me', 'whoami')), { agent_id: 'me', session: { agent_id: 'me' } })
  t.match(jsonLines(await as('me', 'agents')), [{ agent_id: 'me' }])
  t.match(json(await as('me', 'lock a.ts')), { acquired: true })
  t.match(jsonLines(await as('me', 'holds')), [{ file_path: 'a.ts' }])
  t.match(json(await as('me', 'unlock a.ts')), { released: 'a.ts' })
  t.match(json(await as('me', 'channel create build')), { name: 'build' })
  t.strictSame(jsonLines(await as('me', 'tail')), [hello])
})

t.test('poll has only history, and says how to go on', async (t) => {
  request = json<Message>(await as('me', 'post --to you', 'to you'))
  const done = await as('you', 'poll --timeout 0 --ack')
  t.strictSame(jsonLines(done), [hello, request])
  t.match(
    done.stderr,
    `this hub keeps no mailboxes, so arc poll begins at the first message; arc poll --since-id ${request.id} goes on`,
  )
  t.match(done.stderr, 'it keeps no receipts, either: nothing was acknowledged')
  t.equal(done.status, 0)
})

t.test('inbox shows the direct messages; agent what is known of one', async (t) => {
  const inbox = await as('you', 'inbox')
  t.strictSame(jsonLines(inbox), [request])
  t.match(inbox.stderr, 'this hub keeps no mailboxes')
  const agent = await as('me', 'agent you')
  t.match(json(agent), { agent_id: 'you', session: { agent_id: 'you' }, claims: [], locks: [] })
  t.match(agent.stderr, 'does not know what the agent has read')
  t.match(await as('me', 'agent nobody'), { status: 1, stderr: /"nobody" is not signed in at this hub/ })
})

t.test('reply finds the message in the feed', async (t) => {
  t.match(json(await as('you', `reply ${request.id}`, 'yes')), { to_agent: 'me', reply_to: request.id })
  t.match(json(await as('you', `reply ${hello.id}`, 'hi')), { to_agent: null, channel: 'general' })
  t.match(await as('you', 'reply 999', 'x'), {
    status: 1,
    stderr: /message 999 does not exist, or "you" may not/,
  })
})

t.test('wait counts what comes from now on', async (t) => {
  const none = await as('you', 'wait --timeout 0')
  t.match(none, { status: 124, stderr: /only what comes from now on counts/ })
  const waiting = place.start(['wait', '--agent', 'you', '--base-url', url])
  await waiting.says('from now on')
  await as('me', 'post --to you', 'now')
  t.match(json(await waiting.finished), { to_agent: 'you', body: 'now' })
})

t.test('task next claims the oldest open task that is free', async (t) => {
  const { id } = json<Message>(await as('me', 'task add', 'mend it'))
  const taken = await as('you', 'task next')
  t.match(json<{ task: Task }>(taken), { task: { task_id: id }, message: { body: 'mend it' } })
  t.match(taken.stderr, 'this hub speaks version 1')
  t.match(await as('me', 'task next'), { status: 124, stdout: '' })
  t.match(json(await as('you', `task done ${id}`)), { task: { status: 'done' } })
})

t.test('what version 1 lacks is refused by name', async (t) => {
  for (const [line, feature] of [
    [`ack ${hello.id}`, 'arc:mailbox'],
    [`receipts ${hello.id}`, 'arc:mailbox'],
    ['undelivered', 'arc:mailbox'],
    ['post --to you --expect-known hi', 'arc:mailbox'],
    ['scope src/**', 'arc:scopes'],
    ['task reopen 1', 'arc:ready'],
    ['task assign 1 you', 'arc:ready'],
  ] as const) {
    const done = await as('me', line)
    t.match(done, { status: 1, stdout: '' }, line)
    t.match(done.stderr, `does not announce ${feature}`)
  }
})
