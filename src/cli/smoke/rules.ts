// The rules by which the roles agree on a run; the protocol has no step for it (PROTOCOL §14). A run is the newest task of
// smoke-a, and has its id. The functions are pure: they take messages in id order, and sessions.
//
//   A task counts       if it comes after this role's first look. An earlier task counts if smoke-a still works on it:
//                       smoke-a has not closed it by a later notice and has a session. If the task promises a heartbeat,
//                       as ours does, smoke-a must also have shown a sign of life since this role signed in.
//   A message counts    for a run if its id is higher than the task's and it replies to nothing older.
//   A newer task        of smoke-a begins another run; a role in an older run starts again.
//
// So messages of earlier runs, finished or not, mislead no role, and any role may start first.

import type { Message, Session } from '../../sdk/index.js'

/** What a role waits for. */
export interface WantedMessage {
  readonly from: string
  readonly kind: string
  readonly containing?: string
}

/** The task's metadata: smoke-a promises a sign of life this often, in seconds. */
const HEARTBEAT = 'heartbeat_sec'
/** Seconds: a hub may note a sign of life this much later, in whole seconds. */
const NOTED_WITHIN_SEC = 2

export const heartbeat = (pollSec: number) => ({ [HEARTBEAT]: pollSec })

function newestTask(messages: readonly Message[]): Message | undefined {
  return messages.findLast(({ from_agent, kind }) => from_agent === 'smoke-a' && kind === 'task')
}

/** The newest run, unless smoke-a has closed it. */
export function openTask(messages: readonly Message[]): Message | undefined {
  const task = newestTask(messages)
  const isClosed = messages.some(({ id, from_agent, kind }) => {
    return task && id > task.id && from_agent === 'smoke-a' && kind === 'notice'
  })
  return isClosed ? undefined : task
}

/** Whether smoke-a still works on a task that is older than the session of the role `me`. */
export function isAttended(task: Message, agents: readonly Session[], me: string): boolean {
  const author = agents.find(({ agent_id }) => agent_id === 'smoke-a')
  const mine = agents.find(({ agent_id }) => agent_id === me)
  if (!author || Date.parse(author.created_at) > Date.parse(task.ts)) return false
  const promisedSec = task.metadata[HEARTBEAT]
  if (typeof promisedSec !== 'number' || !mine) return true
  const seenForMs = Date.parse(author.last_seen) - Date.parse(mine.created_at)
  return seenForMs >= (promisedSec + NOTED_WITHIN_SEC) * 1_000
}

/** Whether smoke-a has begun another run. */
export function isSuperseded(run: Message, messages: readonly Message[]): boolean {
  return (newestTask(messages)?.id ?? 0) > run.id
}

/** The first message of the run that fits `wanted`. */
export function wantedOf(
  run: Message,
  messages: readonly Message[],
  { from, kind, containing = '' }: WantedMessage,
): Message | undefined {
  return messages.find((message) => {
    const isOfTheRun = message.id > run.id && (message.reply_to === null || message.reply_to >= run.id)
    const fits = message.from_agent === from && message.kind === kind
    return isOfTheRun && fits && message.body.includes(containing)
  })
}
