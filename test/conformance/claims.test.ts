// PROTOCOL §6, what only claims have: a key made from their task, a thread and a task beside the key. All that
// they share with locks is in leases.test.ts.

import t from 'tap'
import type { Claim } from '../../src/protocol/objects.js'
import { refused, say, unique } from './steps.js'
import { openTarget } from './target.js'

const hub = await openTarget(t)

t.test('§6 a claim without claim_key is keyed task-<task_message_id>', async (t) => {
  const task = await say(hub, { kind: 'task' })
  const reply = await hub.post<Claim>('/v1/claims', { owner_agent_id: 'a', task_message_id: task.id })
  t.match(reply.result, { claim_key: `task-${task.id}`, task_message_id: task.id })
  const other = { owner_agent_id: 'b', claim_key: `task-${task.id}` }
  t.equal((await hub.post<Claim>('/v1/claims', other)).json.acquired, false, 'it is an ordinary key')
})

t.test('§6 a claim with claim_key keeps it, and its task_message_id beside it', async (t) => {
  const [claim_key, task] = [unique('key'), await say(hub, { kind: 'task' })]
  const reply = await hub.post('/v1/claims', { owner_agent_id: 'a', claim_key, task_message_id: task.id })
  t.match(reply.result, { claim_key, task_message_id: task.id })
})

t.test('§6 a claim with neither claim_key nor task_message_id is a 400', async (t) => {
  for (const nothing of [{}, { claim_key: '' }, { claim_key: null, task_message_id: null }]) {
    refused(t, hub, await hub.post('/v1/claims', { owner_agent_id: 'a', ...nothing }), 400)
  }
})

t.test("§6 a claim taken over gets the new owner's thread and task", async (t) => {
  const [claim_key, task] = [unique('key'), await say(hub, { kind: 'task' })]
  const first = { claim_key, owner_agent_id: 'a', thread_id: unique('thread'), task_message_id: task.id }
  await hub.post('/v1/claims', first)
  await hub.post('/v1/claims/release', { claim_key, agent_id: 'a' })
  const thread_id = unique('thread')
  const reply = await hub.post<Claim>('/v1/claims', { claim_key, owner_agent_id: 'b', thread_id })
  t.match(reply.result, { owner_agent_id: 'b', thread_id, task_message_id: null })
})

t.test("§6 the owner's re-acquire keeps the claim's thread and task", async (t) => {
  const [claim_key, thread_id] = [unique('key'), unique('thread')]
  const first = await hub.post<Claim>('/v1/claims', { claim_key, thread_id, owner_agent_id: 'a' })
  const more = { thread_id: unique('thread'), task_message_id: (await say(hub)).id }
  const again = await hub.post<Claim>('/v1/claims', { claim_key, owner_agent_id: 'a', ...more })
  t.strictSame({ ...again.result, expires_at: '' }, { ...first.result, expires_at: '' })
})
