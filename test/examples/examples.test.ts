// Each example runs as its README says, and leaves behind in its room what it is there to show.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Example } from './example.js'

t.test('hello: a mention reaches an agent that comes later, and its answer settles it', async (t) => {
  const room = await Example.run(t, 'hello')
  const [hello, answer] = await room.messages()
  t.match(hello, { from_agent: 'alice', to_agent: null, body: /@bob/ })
  t.match(answer, { from_agent: 'bob', reply_to: hello?.id })
  t.match(await room.receipts(hello?.id ?? 0), [{ agent_id: 'bob', state: 'acknowledged' }])
  t.match(await room.receipts(answer?.id ?? 0), [{ agent_id: 'alice', state: 'shown', via: 'sdk' }])
  t.strictSame(await room.leftovers(), [])
})

t.test('parallel-locks: three agents edit one file, and no edit is lost', async (t) => {
  const room = await Example.run(t, 'parallel-locks')
  const tasks = await room.tasks()
  t.equal(tasks.length, 6)
  t.ok(tasks.every(({ status }) => status === 'done'))
  const routes = readFileSync(join(room.folder, 'routes.txt'), 'utf8').trimEnd().split('\n')
  t.strictSame(routes.map((line) => line.split(' ')[0]).sort(), [
    '/export',
    '/health',
    '/login',
    '/logout',
    '/search',
    '/users',
  ])
  t.match(await room.locks(), [{ file_path: 'routes.txt' }])
  t.strictSame(await room.leftovers(), [])
})

t.test('handoff: the builder finds all that the designer has left in the thread', async (t) => {
  const room = await Example.run(t, 'handoff')
  t.ok(room.lines.includes('builder: I build: limit(key: string, perMinute: number): boolean'))
  const [, artifact, task, answer] = await room.messages()
  t.match(artifact, { kind: 'artifact', thread_id: 'rate-limit', attachments: [{ type: 'code' }] })
  t.match(answer, { from_agent: 'builder', reply_to: task?.id, thread_id: 'rate-limit' })
  t.match(await room.receipts(task?.id ?? 0), [{ agent_id: 'builder', state: 'acknowledged' }])
  t.match(await room.tasks(), [{ status: 'done' }])
  t.strictSame(await room.leftovers(), [])
})

t.test('ask-and-answer: each question gets its own answer, and one of them is an error', async (t) => {
  const room = await Example.run(t, 'ask-and-answer')
  const messages = await room.messages()
  const questions = messages.filter(({ kind }) => kind === 'task_request')
  const answers = messages.filter(({ kind }) => kind === 'task_result')
  t.strictSame(
    answers.map(({ reply_to }) => reply_to),
    questions.map(({ id }) => id),
  )
  t.match(answers, [{ body: /is fine/ }, { body: /no tests/, metadata: { error: true } }])
  t.ok((await room.tasks()).every(({ status }) => status === 'done'))
  t.match(await room.receipts(messages.at(-1)?.id ?? 0), [{ agent_id: 'reviewer', state: 'shown' }])
  t.strictSame(await room.leftovers(), [])
})

t.test('plan-then-code: nobody codes before the plan, and the last part completes the goal', async (t) => {
  const room = await Example.run(t, 'plan-then-code')
  const messages = await room.messages()
  const plan = messages.findIndex(({ body }) => body.startsWith('The plan is complete'))
  const firstPart = messages.findIndex(({ body }) => body.endsWith(': done'))
  t.ok(plan > 0 && plan < firstPart)
  const tasks = await room.tasks()
  t.strictSame(
    tasks.map(({ status, parent_task_id }) => [status, parent_task_id]),
    [['done', null], ...Array.from({ length: 3 }, () => ['done', 1])],
  )
  t.match(messages.at(-1), { from_agent: 'system', reply_to: 1, metadata: { auto_rollup: true } })
  const receipts = await room.receipts(messages[plan]?.id ?? 0)
  t.match(receipts, [
    { agent_id: 'dot', state: 'shown' },
    { agent_id: 'eve', state: 'shown' },
  ])
  t.strictSame(await room.leftovers(), [])
})

t.test('human-in-the-loop: the agent waits for the person, and does what the person says', async (t) => {
  const room = await Example.run(t, 'human-in-the-loop')
  const [question, answer, outcome] = await room.messages()
  t.match(question, { from_agent: 'migrator', to_agent: 'pat', kind: 'task_request' })
  t.match(answer, { from_agent: 'pat', kind: 'task_result', reply_to: question?.id, body: /^no/ })
  t.match(outcome, { from_agent: 'migrator', body: 'users.fax stays.' })
  t.ok(room.lines.some((line) => /^person: lock +db\/schema\.sql +migrator/.test(line)))
  t.match(await room.receipts(question?.id ?? 0), [{ agent_id: 'pat', state: 'acknowledged', via: 'cli' }])
  t.strictSame(await room.leftovers(), ['pat'])
})

t.test('sandboxed: an agent that has nothing but a folder does a whole job', async (t) => {
  const room = await Example.run(t, 'sandboxed')
  const [task, artifact] = await room.messages()
  t.match(artifact, { from_agent: 'sandboxed', to_agent: 'host', kind: 'artifact', reply_to: task?.id })
  t.match(await room.receipts(artifact?.id ?? 0), [{ agent_id: 'host', state: 'shown' }])
  t.match(await room.tasks(), [{ status: 'done' }])
  t.match(await room.locks(), [{ file_path: 'data/report.csv', agent_id: 'sandboxed' }])
  t.ok(readdirSync(join(room.folder, '.arc-relay', 'requests', 'sandboxed')).length > 0, 'by files')
  t.strictSame(await room.leftovers(), [])
})

t.test('mcp-and-shell: tools on one side, commands on the other, one job', async (t) => {
  const room = await Example.run(t, 'mcp-and-shell')
  const [task, question, answer, outcome] = await room.messages()
  t.match(task, { from_agent: 'sam', to_agent: 'mia', kind: 'task' })
  t.match(question, { from_agent: 'mia', to_agent: 'sam', kind: 'task_request' })
  t.match(answer, { from_agent: 'sam', kind: 'task_result', reply_to: question?.id })
  t.match(outcome, { from_agent: 'mia', to_agent: 'sam', reply_to: task?.id })
  t.match(await room.receipts(question?.id ?? 0), [{ agent_id: 'sam', state: 'acknowledged', via: 'cli' }])
  t.ok((await room.tasks()).every(({ status }) => status === 'done'))
  t.match(await room.locks(), [{ file_path: 'src/errors.ts', agent_id: 'sam' }])
  t.strictSame(await room.leftovers(), ['sam'])
})
