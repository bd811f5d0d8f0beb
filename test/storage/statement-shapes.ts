// Inputs of the statements whose text depends on the input, one for each shape.

import type { MessagePage, TaskFilter, ThreadPage } from '../../src/storage/rules/statements.js'

const PAGES: readonly Partial<MessagePage>[] = [
  {},
  { channels: ['general'] },
  { channels: ['general', 'direct'] },
  { threadId: 'thread' },
  { channels: ['general'], threadId: 'thread' },
].flatMap((page) => [page, { ...page, agentId: 'a', excludeSelf: true }])
const TASKS: readonly Partial<TaskFilter>[] = [
  { parentId: 1 },
  { threadId: 't' },
  { threadId: 't', limit: 5 },
]
const THREADS: readonly Partial<ThreadPage>[] = [
  {},
  { limit: 5 },
  { limit: 5, after: { latestMessageId: 5, threadId: '' } },
  { limit: 5, after: { latestMessageId: null, threadId: 't' } },
]
/** Inputs of each statement whose text depends on them. */
export const SHAPES: Readonly<Record<string, readonly object[]>> = {
  'message.page': [
    ...PAGES.flatMap((page) => [true, false].map((tail) => ({ sinceId: 0, limit: 10, tail, ...page }))),
    { sinceId: 0, limit: 10, tail: true, agentId: 'a', directOnly: true },
  ],
  'task.list': TASKS.map((filter) => ({ sinceId: 0, now: 'now', ...filter })),
  'task.free': [{}, { agentId: 'a' }, { channel: 'c', threadId: 't' }].map((filter) => ({
    ...filter,
    now: 'now',
    seenMs: 0,
    limit: 1,
  })),
  'thread.page': THREADS.map((page) => ({ now: 'now', ...page })),
  'claim.list': [{ threadId: 't' }, { activeAt: 'now' }],
  'scope.list': [{ now: 'now' }, { now: 'now', agentId: 'a' }],
  'slot.list': [{ now: 'now' }, { now: 'now', name: 'n' }, { now: 'now', agentId: 'a' }],
  'lock.list': [{ activeAt: 'now' }],
  'receipt.undelivered': [{}, { from: 'a' }, { to: 'a' }, { from: 'a', to: 'b' }].map((filter) => ({
    ...filter,
    before: 'now',
    limit: 10,
  })),
}
