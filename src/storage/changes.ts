// The topics of what a commit changed besides messages: hints for pages to read again. A hint may come without a change,
// but no change comes without a hint.

import { CHANGE_TOPICS, type ChangeTopic } from '../protocol/kinds.js'
import type { Command, Submission } from './commands.js'

/** The topics that another hub on the same storage may have changed. Its shutdown and its network are its own. */
export const FOREIGN_CHANGES = CHANGE_TOPICS.filter((topic) => topic !== 'shutdown' && topic !== 'network')

const TOPICS: { readonly [op in Command['op']]: readonly ChangeTopic[] } = {
  'session.open': ['agents'],
  'session.alive': [],
  'session.rename': ['agents'],
  'session.close': ['agents'],
  'channel.create': ['channels'],
  'message.post': [],
  'message.acknowledge': [],
  'mailbox.offer': [],
  'mailbox.shown': [],
  'scope.acquire': ['locks'],
  'scope.refresh': ['locks'],
  'scope.release': ['locks'],
  'slot.acquire': ['locks'],
  'slot.refresh': ['locks'],
  'slot.release': ['locks'],
  'waits.renew': [],
  'waits.end': ['claims', 'locks'],
  'claim.acquire': ['claims', 'threads'],
  'claim.refresh': ['claims'],
  'claim.release': ['claims', 'threads'],
  'lock.acquire': ['locks', 'threads'],
  'lock.refresh': ['locks'],
  'lock.release': ['locks', 'threads'],
  'task.complete': ['tasks', 'threads'],
  'task.next': ['tasks', 'claims', 'threads'],
  'task.assign': ['tasks', 'claims', 'threads'],
  'task.reopen': ['tasks', 'threads'],
  'shutdown.begin': ['shutdown'],
  'shutdown.cancel': ['shutdown'],
  'shutdown.fire': ['shutdown'],
  'network.set': ['network'],
  'sessions.expire': ['agents', 'claims', 'locks', 'threads'],
  'sessions.end': ['agents', 'claims', 'locks', 'threads'],
  'sessions.spare': [],
}

export function changedBy(submissions: readonly Submission[]): ChangeTopic[] {
  const topics = new Set<ChangeTopic>()
  for (const { command } of submissions) {
    for (const topic of TOPICS[command.op]) topics.add(topic)
    if (command.op === 'message.post' && command.input.kind.startsWith('task')) topics.add('tasks')
  }
  return [...topics]
}
