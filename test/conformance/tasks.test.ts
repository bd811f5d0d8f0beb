// PROTOCOL §7, tasks: listing, completing, and the roll-up of a parent. How messages create and complete
// tasks is §4, in messages.test.ts.

import t from 'tap'
import type { Message, Task } from '../../src/protocol/objects.js'
import {
  broadcastsIn,
  idsOf,
  inParallel,
  newChannel,
  refused,
  say,
  secondsAfter,
  taskIdsOf,
  unique,
} from './steps.js'
import { openTarget } from './target.js'
import type { Query } from './wire.js'

t.jobs = 8
const hub = await openTarget(t)

const tasks = async (query: Query) => (await hub.get<Task[]>('/v1/tasks', query)).result
const complete = (task: Message, body?: unknown) => hub.post<Task>(`/v1/tasks/${task.id}/complete`, body)
const stateOf = async (task: Message) => {
  const rows = await tasks({ thread_id: task.thread_id ?? '' })
  return rows.find((row) => row.task_id === task.id)
}

/** A task with subtasks, in a thread and a channel of their own. */
async function family(
  children: number,
): Promise<{ parent: Message; children: Message[]; thread_id: string }> {
  const thread_id = unique('thread')
  const channel = await newChannel(hub)
  const parent = await say(hub, { kind: 'task', thread_id, channel })
  const rows: Message[] = []
  // The children live elsewhere, so that a roll-up notice in their channel or thread would be noticed.
  for (let i = 0; i < children; i++) {
    rows.push(await say(hub, { kind: 'task', parent_task_id: parent.id, thread_id: `${thread_id}-${i}` }))
  }
  return { parent, children: rows, thread_id }
}

const noticesOf = async (parent: Message) =>
  (await broadcastsIn(hub, parent.thread_id ?? '')).filter((message) => message.kind === 'notice')

t.test('§7 tasks are listed by task_id', async (t) => {
  const thread_id = unique('thread')
  const posted = await inParallel(12, () => say(hub, { kind: 'task', thread_id }))
  await complete(posted[3] ?? (await say(hub, { kind: 'task', thread_id })))
  t.strictSame(
    taskIdsOf(await tasks({ thread_id })),
    idsOf(posted).sort((a, b) => a - b),
  )
})

t.test('§7 the list narrows by parent, status, channel and thread, alone and together', async (t) => {
  const channel = await newChannel(hub)
  const thread_id = unique('thread')
  const parent = await say(hub, { kind: 'task', thread_id })
  const child = { kind: 'task', parent_task_id: parent.id }
  const open = await say(hub, { ...child, channel, thread_id })
  const done = await say(hub, { ...child, channel })
  const elsewhere = await say(hub, { ...child, thread_id })
  await complete(done)
  const ask = async (query: Query) => taskIdsOf(await tasks(query))
  t.strictSame(await ask({ parent_id: parent.id }), idsOf([open, done, elsewhere]))
  t.strictSame(await ask({ channel }), idsOf([open, done]))
  t.strictSame(await ask({ thread_id }), idsOf([parent, open, elsewhere]))
  t.strictSame(await ask({ channel, status: 'open' }), idsOf([open]))
  t.strictSame(await ask({ channel, status: 'done' }), idsOf([done]))
  t.strictSame(await ask({ channel, thread_id, parent_id: parent.id, status: 'open' }), idsOf([open]))
  t.strictSame(await ask({ channel, thread_id, status: 'done' }), [])
})

t.test('§7 without filters the list has tasks of every status', async (t) => {
  const [open, done] = [await say(hub, { kind: 'task' }), await say(hub, { kind: 'task_request' })]
  await complete(done)
  const all = taskIdsOf(await tasks({}))
  t.ok(all.includes(open.id) && all.includes(done.id))
})

t.test('§7 a status other than open or done is a 400', async (t) => {
  for (const status of ['closed', 'opened', 'all', '1']) {
    refused(t, hub, await hub.get('/v1/tasks', { status }), 400, /status/)
  }
})

t.test('§7 filters that match nothing give an empty list', async (t) => {
  t.strictSame(await tasks({ channel: unique('nowhere') }), [])
  t.strictSame(await tasks({ thread_id: unique('nowhere') }), [])
  t.strictSame(await tasks({ parent_id: Number.MAX_SAFE_INTEGER }), [])
})

t.test('§7 completing a task is a 200 with the task, done', async (t) => {
  const task = await say(hub, { kind: 'task', thread_id: unique('thread') })
  const reply = await complete(task, {})
  t.equal(reply.status, 200)
  t.match(reply.result, { task_id: task.id, status: 'done', completed_at: /Z$/ })
  t.strictSame(await stateOf(task), reply.result)
  t.notOk(reply.json.parent_completed)
})

t.test('§7 completing a task again is a 200 and changes nothing', async (t) => {
  const task = await say(hub, { kind: 'task', thread_id: unique('thread') })
  const first = await complete(task)
  await secondsAfter(first.result.completed_at ?? '')
  const second = await complete(task)
  t.equal(second.status, 200)
  t.strictSame(second.result, first.result)
})

t.test('§7 completing what is no task is a 404', async (t) => {
  refused(t, hub, await complete(await say(hub)), 404)
  refused(t, hub, await hub.post(`/v1/tasks/${Number.MAX_SAFE_INTEGER}/complete`), 404)
  refused(t, hub, await hub.post('/v1/tasks/0/complete'), 404)
})

t.test('§7 a parent stays open while one of its children is', async (t) => {
  const { parent, children } = await family(3)
  for (const child of children.slice(1)) t.notOk((await complete(child)).json.parent_completed)
  t.equal((await stateOf(parent))?.status, 'open')
  t.strictSame(await noticesOf(parent), [])
})

t.test('§7 the last child completes its parent, and the answer says so', async (t) => {
  const { parent, children } = await family(2)
  const [first, last] = children as [Message, Message]
  await complete(first)
  const reply = await complete(last)
  t.equal(reply.status, 200)
  t.equal(reply.result.task_id, last.id)
  t.strictSame(Object.keys(reply.json).sort(), ['ok', 'parent_completed', 'result'])
  t.equal(reply.json.parent_completed, true)
  t.match(await stateOf(parent), { status: 'done', completed_at: /Z$/ })
})

t.test("§7 the roll-up posts a notice in the parent's channel and thread", async (t) => {
  const { parent, children } = await family(1)
  for (const child of children) await complete(child)
  const [notice, ...more] = await noticesOf(parent)
  t.match(notice, {
    from_agent: 'system',
    to_agent: null,
    kind: 'notice',
    channel: parent.channel,
    thread_id: parent.thread_id,
    reply_to: parent.id,
  })
  t.strictSame(notice?.metadata, { auto_rollup: true, parent_task_id: parent.id })
  t.strictSame(more, [], 'one notice')
})

t.test('§7 a roll-up goes one level up and no further', async (t) => {
  const thread_id = unique('thread')
  const grandparent = await say(hub, { kind: 'task', thread_id })
  const parent = await say(hub, { kind: 'task', thread_id, parent_task_id: grandparent.id })
  const child = await say(hub, { kind: 'task', thread_id, parent_task_id: parent.id })
  t.equal((await complete(child)).json.parent_completed, true)
  const states = (await tasks({ thread_id })).map((task) => task.status)
  t.strictSame(states, ['open', 'done', 'done'])
  t.strictSame(
    (await noticesOf(parent)).map((notice) => notice.reply_to),
    [parent.id],
  )
})

t.test('§7 completing a rolled-up parent itself then rolls up the grandparent', async (t) => {
  const thread_id = unique('thread')
  const grandparent = await say(hub, { kind: 'task', thread_id })
  const parent = await say(hub, { kind: 'task', thread_id, parent_task_id: grandparent.id })
  await complete(parent)
  t.equal((await stateOf(grandparent))?.status, 'done')
})

t.test('§7 completing the last child again rolls nothing up a second time', async (t) => {
  const { parent, children } = await family(1)
  for (const child of children) {
    await complete(child)
    const again = await complete(child)
    t.equal(again.status, 200)
    t.notOk(again.json.parent_completed)
  }
  t.equal((await noticesOf(parent)).length, 1)
})

t.test('§7 a parent that is done already is not completed again', async (t) => {
  const { parent, children } = await family(1)
  const done = (await complete(parent)).result
  for (const child of children) t.notOk((await complete(child)).json.parent_completed)
  t.strictSame(await stateOf(parent), done)
  t.strictSame(await noticesOf(parent), [])
})

t.test('§7 when the last children are completed at once, one roll-up happens', async (t) => {
  const { parent, children } = await family(12)
  const replies = await Promise.all(children.map((child) => complete(child)))
  t.equal(replies.filter((reply) => reply.json.parent_completed === true).length, 1)
  t.equal((await noticesOf(parent)).length, 1)
  t.equal((await stateOf(parent))?.status, 'done')
})

t.test('§7 a child may be added to a parent and completed after the others', async (t) => {
  const { parent, children } = await family(2)
  const late = await say(hub, {
    kind: 'task_request',
    parent_task_id: parent.id,
    thread_id: unique('thread'),
  })
  for (const child of children) t.notOk((await complete(child)).json.parent_completed)
  t.equal((await complete(late)).json.parent_completed, true)
})
