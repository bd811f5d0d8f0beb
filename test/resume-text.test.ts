// The text by which an agent goes on: never more than 2,000 characters, whatever the agent holds, and what it leaves out is named.

import t from 'tap'
import type { Agent, Claim, Message, Task } from '../src/protocol/objects.js'
import { MAX_RESUME, recentSince, resumeText } from '../src/resume-text.js'

const at = '2026-11-27T12:00:00Z'
const claim = (key: string): Claim => ({
  claim_key: key,
  thread_id: null,
  task_message_id: null,
  owner_agent_id: 'me',
  claimed_at: at,
  expires_at: at,
  released_at: null,
  metadata: {},
})
const task = (id: number, title: string): Task => ({
  task_id: id,
  parent_task_id: null,
  channel: 'general',
  thread_id: null,
  status: 'open',
  created_at: at,
  completed_at: null,
  title,
  from_agent: 'alice',
})
const message = (id: number, body: string, metadata: Message['metadata']): Message => ({
  id,
  ts: at,
  from_agent: 'alice',
  to_agent: null,
  channel: 'general',
  kind: 'chat',
  body,
  attachments: [],
  reply_to: null,
  thread_id: null,
  metadata,
})
const agent = (more: Partial<Agent> = {}): Agent => ({
  agent_id: 'me',
  session: null,
  mailbox: {
    agent_id: 'me',
    known: true,
    present: true,
    last_seen: at,
    unread: 3,
    last_shown_id: 1_000,
    ambient_unread: 4,
    oldest_unread_at: at,
  },
  claims: [],
  locks: [],
  tasks: [],
  last_message: null,
  ...more,
})

t.test('an agent with nothing', async (t) => {
  t.equal(
    resumeText({ agent: agent(), recent: [] }),
    'Arc: you are agent me, as before. Unread: 3 for you, 4 in the room.\nYou hold nothing, and no open task is yours.',
  )
})

t.test('the text is bounded, and says that there is more', async (t) => {
  const long = 'word '.repeat(400)
  const many = agent({
    agent_id: 'x'.repeat(500),
    claims: Array.from({ length: 90 }, (_, i) => claim(`claim-${i}-${long}`)),
    tasks: Array.from({ length: 90 }, (_, i) => task(i + 1, `${i} ${long}`.slice(0, 200))),
  })
  const recent = Array.from({ length: 200 }, (_, i) => message(i + 1, `${i}\n${long}`, { decision: true }))
  const text = resumeText({ agent: many, recent })
  t.ok(text.length <= MAX_RESUME, `${text.length} characters`)
  for (const part of [/^You hold:\n- claim claim-0/m, /^#1 open/m, /\(more: arc agent /, /^#200 alice/m])
    t.match(text, part)
  t.notMatch(text, /^#195 alice/m, 'the last five')
})

t.test('only decisions are kept: results of work, answers, and what is called one', async (t) => {
  const recent = [
    message(1, 'chat', {}),
    message(2, 'decided', { decision: true }),
    message(3, 'chosen', { answer: { choice: 'a' } }),
    { ...message(4, 'done', {}), kind: 'task_result' as const },
    message(5, 'not yet', { decision: false }),
  ]
  const text = resumeText({ agent: agent(), recent })
  t.strictSame(
    [...text.matchAll(/^#([0-9]+)/gm)].map(([, id]) => Number(id)),
    [2, 3, 4],
  )
})

t.test('the search begins a bounded number of messages before what the agent knows', async (t) => {
  t.equal(recentSince(agent()), 800)
  t.equal(recentSince(agent({ last_message: message(5_000, 'x', {}) })), 4_800)
})
