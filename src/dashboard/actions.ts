// The operator's actions: sends messages, runs commands, completes tasks, releases holds. A refusal is shown in the hub's
// words, beside the input.

import { effect, signal } from '@preact/signals'
import type {
  Channel,
  HeldWake,
  Message,
  Session,
  Task,
  ThreadDetail,
  ThreadSummary,
} from '../protocol/objects.js'
import { get, HubError, post } from './api.js'
import { open, replyTo, stretch, view } from './feed.js'
import { COMMANDS, type Line, readLine } from './model/commands.js'
import type { Hold } from './model/holds.js'
import { belongs, DIRECT_CHANNEL } from './model/views.js'
import { remember } from './operator.js'
import { notePosted } from './posted.js'
import { changed, connection, heldWakes, me, operator, shutdownAt, shutsDownIn, threads } from './room.js'

/** The page's message to the operator. It stays until the next action. */
export interface Notice {
  readonly kind: 'info' | 'error'
  readonly title: string
  readonly rows?: readonly { readonly label: string; readonly text: string }[]
  /** The hub did not answer. The notice goes when it answers again. */
  readonly isUnanswered?: boolean
}

export const notice = signal<Notice | undefined>(undefined)
export const isHelpOpen = signal(false)

effect(() => {
  if (connection.value === 'live' && notice.peek()?.isUnanswered) notice.value = undefined
})

const say = (title: string) => {
  notice.value = { kind: 'info', title }
}

/** Runs a typed line. False if it failed: the line then stays in the input. */
export async function send(input: string): Promise<boolean> {
  if (input.trim() === '') return false
  const line = readLine(input)
  return attempt(async () => {
    if (shutdownAt.value !== undefined && line.kind !== 'wrong') await cancelShutdown()
    await carryOut(line)
  })
}

async function carryOut(line: Line): Promise<void> {
  switch (line.kind) {
    case 'text':
      return postText(line.text)
    case 'nick': {
      const path = `/v1/sessions/${encodeURIComponent(me.value)}/rename`
      operator.value = await post<Session>(path, { display_name: line.name })
      remember(operator.value)
      return say(`You are now shown as ${operator.value.display_name}.`)
    }
    case 'channels': {
      const found = await get<Channel[]>('/v1/channels')
      const rows = found.map(({ name, created_by }) => ({
        label: name,
        text: `by ${created_by ?? 'nobody'}`,
      }))
      notice.value = { kind: 'info', title: `${found.length} channels`, rows }
      return
    }
    case 'channel': {
      const found = await get<Channel[]>('/v1/channels')
      if (!found.some(({ name }) => name === line.name)) {
        throw new HubError(`There is no channel ${line.name}; /create-channel ${line.name} makes it.`, 404)
      }
      return open({ kind: 'channel', name: line.name })
    }
    case 'create-channel': {
      const made = await post<Channel>('/v1/channels', { name: line.name, created_by: me.value })
      changed(['channels'])
      return open({ kind: 'channel', name: made.name })
    }
    case 'dm': {
      // A mistyped name is no agent's. The hub's refusal names similar ones.
      const message = { to_agent: line.agent, body: line.text, to_must_exist: true }
      notePosted(await post<Message>('/v1/messages', from(message)))
      return say(`Sent to ${line.agent}.`)
    }
    case 'network': {
      await post('/v1/network', { allow_remote: line.allowRemote })
      changed(['network'])
      return say(
        line.allowRemote ? 'The hub serves other machines, too.' : 'The hub serves this machine alone.',
      )
    }
    case 'quit': {
      await post('/v1/shutdown', { delay_sec: line.delaySec })
      if (line.delaySec > 0) shutsDownIn(line.delaySec)
      return
    }
    case 'help': {
      const rows = COMMANDS.map(({ usage, does }) => ({ label: usage, text: does }))
      notice.value = { kind: 'info', title: 'Commands', rows }
      return
    }
    case 'wrong':
      throw new HubError(line.reason, 400)
  }
}

async function postText(body: string): Promise<void> {
  const { kind, name } = view.value
  const answered = replyTo.value
  // An agent that has asked a question waits for this kind of answer (PROTOCOL §4).
  const settles = answered?.kind === 'task_request' && answered.to_agent === me.value
  const reply = answered
    ? {
        kind: settles ? 'task_result' : 'chat',
        reply_to: answered.id,
        thread_id: answered.thread_id ?? undefined,
      }
    : {}
  let target: object
  if (answered) target = placeOf(answered)
  else if (kind === 'channel') target = { channel: name }
  else if (kind === 'direct') target = { to_agent: name }
  else if (kind === 'thread') target = { ...(await placeIn(name)), thread_id: name }
  else throw new HubError('Choose a channel or an agent first, or reply to a message.', 400)
  const posted = await post<Message>('/v1/messages', from({ ...target, body, ...reply }))
  if (replyTo.value === answered) replyTo.value = undefined
  notePosted(posted)
  if (!belongs(view.value, posted, me.value))
    say(posted.to_agent === null ? `Posted in ${posted.channel}.` : `Sent to ${posted.to_agent}.`)
}

/** Where an answer to a message goes: to its channel, or to the other one of the two. */
function placeOf({ channel, from_agent: from, to_agent: to }: Message): object {
  if (to === null) return { channel }
  return { to_agent: from === me.value ? to : from }
}

/**
 * Where a message in a thread goes: into the thread's channel. In a thread of direct messages it goes to the agent that the
 * operator speaks with. @throws HubError if the messages are between other agents
 */
async function placeIn(thread: string): Promise<object> {
  const { messages } = stretch.value
  const summary = threads.value.find(({ thread_id: id }) => id === thread) ?? (await summaryOf(thread))
  if (summary && summary.channel !== DIRECT_CHANNEL) return { channel: summary.channel ?? undefined }
  const last = messages.findLast(({ to_agent: to }) => to === null) ?? messages.at(-1)
  if (last) return placeOf(last)
  if (!summary) return {}
  const text = 'The messages of this thread are between other agents. Write to one of them, or in a channel.'
  throw new HubError(text, 400)
}

/** The summary of a thread that is not in the list; undefined for a new one. */
async function summaryOf(thread: string): Promise<ThreadSummary | undefined> {
  if (stretch.value.messages.length > 0) return undefined // the messages say where it goes
  try {
    return (await get<ThreadDetail>(`/v1/threads/${encodeURIComponent(thread)}`)).thread
  } catch (error) {
    if (error instanceof HubError && error.status === 404) return undefined
    throw error
  }
}

export function completeTask(taskId: number): Promise<boolean> {
  return attempt(async () => {
    await post<Task>(`/v1/tasks/${taskId}/complete`)
    changed(['tasks', 'threads'])
  })
}

/** Where a hold of each type is released, and the member that names it. */
const RELEASES: Readonly<Record<Hold['type'], { path: (hold: Hold) => string; member?: string }>> = {
  claim: { path: () => '/v1/claims/release', member: 'claim_key' },
  lock: { path: () => '/v1/locks/release', member: 'file_path' },
  scope: { path: () => '/v1/scopes/release', member: 'scope_id' },
  slot: { path: ({ key }) => `/v1/slots/${encodeURIComponent(key)}/release` },
}

/** Releases a hold of the operator; only its owner may release a hold. */
export function release(hold: Hold): Promise<boolean> {
  return attempt(async () => {
    const { path, member } = RELEASES[hold.type]
    const named = member === undefined ? {} : { [member]: hold.id }
    await post(path(hold), { agent_id: me.value, ...named })
    changed([hold.type === 'claim' ? 'claims' : 'locks', 'threads'])
  })
}

/** Joins a row of messages among agents: from here on they wake each other again. */
export function letGoOn(row: HeldWake): Promise<boolean> {
  return attempt(async () => {
    const target =
      row.channel === null
        ? { to_agent: row.agent_id, body: `Go on with ${row.with_agent}.` }
        : { channel: row.channel, body: 'Go on.' }
    notePosted(await post<Message>('/v1/messages', from(target)))
    heldWakes.value = await get<HeldWake[]>('/v1/held-wakes')
  })
}

export function stopShutdown(): Promise<boolean> {
  return attempt(cancelShutdown)
}

async function cancelShutdown(): Promise<void> {
  await post('/v1/shutdown/cancel')
  shutdownAt.value = undefined
}

function from(fields: object): object {
  return { from_agent: me.value, ...fields }
}

async function attempt(work: () => Promise<void>): Promise<boolean> {
  notice.value = undefined
  try {
    await work()
    return true
  } catch (error) {
    const title = error instanceof Error ? error.message : String(error)
    notice.value = { kind: 'error', title, isUnanswered: error instanceof HubError && error.status === 0 }
    return false
  }
}
