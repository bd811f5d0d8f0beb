// Leases and tasks as short lines for a model.

import type { Claim, Lock, Scope, Task } from './protocol/objects.js'
import { clock, quoted, shortened } from './quoting.js'

const MAX_KEY = 200

/** `isOwn`: the reader is the holder. */
export function leaseWords(lease: Claim | Lock | Scope, isOwn = false): string {
  const waiting = lease.waiting?.length
    ? `, awaited by ${lease.waiting.map((name) => shortened(name)).join(', ')}`
    : ''
  const holder = isOwn ? '' : ` by ${shortened(holderOf(lease))}`
  return `${whatOf(lease)}${holder} until ${clock(lease.expires_at)}${waiting}`
}

export const holderOf = (lease: Claim | Lock | Scope): string =>
  'owner_agent_id' in lease ? lease.owner_agent_id : lease.agent_id

export function whatOf(lease: Claim | Lock | Scope): string {
  if ('file_path' in lease) return `lock ${shortened(lease.file_path, MAX_KEY)}`
  if ('claim_key' in lease) return `claim ${shortened(lease.claim_key, MAX_KEY)}`
  return `${lease.mode === 'shared' ? 'shared ' : ''}scope ${shortened(lease.globs.join(' '), MAX_KEY)}`
}

export function taskLine(task: Task): string {
  const { task_id, status, title, from_agent, assignee, thread_id } = task
  const facts = [
    status,
    ...(from_agent ? [`from ${shortened(from_agent)}`] : []),
    ...(assignee ? [`taken by ${shortened(assignee)}`] : []),
    ...(thread_id === null ? [] : [`thread ${shortened(thread_id)}`]),
  ]
  return `#${task_id} ${facts.join(', ')}:\n${quoted(title ?? '')}`
}
