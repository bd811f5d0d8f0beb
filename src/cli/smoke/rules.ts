// How the roles agree on which run they are in without a step for it (PROTOCOL §14): a run is the task that smoke-a has
// posted last, and is named by its id. Pure: of messages in the order of their ids, and of sessions.
//
//   A task counts       if it came while this role was looking. One that was there before counts if smoke-a is at
//                       it: has not closed it by a later notice, still has its session, and, where it has promised
//                       a heartbeat as ours does, has been seen at the hub for some time since this role signed in.
//   A message counts    for a run when its id is higher than the task's and it replies to nothing older.
//   A newer task        of smoke-a begins another run; whoever is in an older one starts anew.
//
// So the leftovers of earlier runs, finished or broken off, mislead no role, whichever starts first.

import type { Message, Session } from '../../sdk/index.js'

/** What a role waits for. */
export interface Wanted {
  readonly from: string
  readonly kind: string
  readonly containing?: string
}

/** The promise that smoke-a gives with its task: to be seen at the hub this often, in seconds. */
const HEARTBEAT = 'heartbeat_sec'
/** A hub may note a sign of life that much later, and in whole seconds: what is older than that is no ghost. */
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

/** Whether smoke-a is still at a task that was there before the role `me` signed in. */
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

/** The first message of the run that fits. */
export function wantedOf(
  run: Message,
  messages: readonly Message[],
  { from, kind, containing = '' }: Wanted,
): Message | undefined {
  return messages.find((message) => {
    const isOfTheRun = message.id > run.id && (message.reply_to === null || message.reply_to >= run.id)
    const fits = message.from_agent === from && message.kind === kind
    return isOfTheRun && fits && message.body.includes(containing)
  })
}
