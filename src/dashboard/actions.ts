// The operator's actions: sends messages, runs commands, completes tasks, releases holds. A refusal is shown in the hub's
// words, beside the input.

import { signal } from '@preact/signals'
import type { Channel, HeldWake, Message, Session, Task } from '../protocol/objects.js'
import { get, HubError, hubNow, post } from './api.js'
import { arrived, open, replyTo, stretch, view } from './feed.js'
import { COMMANDS, type Line, readLine } from './model/commands.js'
import type { Hold } from './model/holds.js'
import { remember } from './operator.js'
import { changed, heldWakes, me, operator, shutdownAt, threads } from './room.js'

/** The page's message to the operator. It stays until the next action. */
export interface Notice {
  readonly kind: 'info' | 'error'
  readonly title: string
  readonly rows?: readonly { readonly label: string; readonly text: string }[]
}

export const notice = signal<Notice | undefined>(undefined)
export const isHelpOpen = signal(false)

const say = (title: string) => {
  notice.value = { kind: 'info', title }
}

/** Runs a typed line. False if it failed: the line then stays in the input. */
export async function send(input: string): Promise<boolean> {
  if (input.trim() === '') return false
  const line = readLine(input)
  return attempt(async () => {
    if (shutdownAt.value !== undefined && line.kind !== 'quit' && line.kind !== 'wrong')
      await cancelShutdown()
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
      arrived([await post<Message>('/v1/messages', from({ to_agent: line.agent, body: line.text }))])
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
      if (line.delaySec > 0) shutdownAt.value = hubNow() + line.delaySec * 1_000
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
  if (answered && answered.to_agent !== null) {
    target = { to_agent: answered.from_agent === me.value ? answered.to_agent : answered.from_agent }
  } else if (kind === 'channel') target = { channel: name }
  else if (kind === 'direct') target = { to_agent: name }
  else if (kind === 'thread')
    target = {
      channel: channelOf(name),
      thread_id: name,
    }
  else throw new HubError('Choose a channel or an agent first, or reply to a message.', 400)
  const posted = await post<Message>('/v1/messages', from({ ...target, body, ...reply }))
  replyTo.value = undefined
  arrived([posted])
}

/** The channel of a thread. For a thread that the page has not read, the channel of its last message on the page. */
function channelOf(thread: string): string | undefined {
  const summary = threads.value.find(({ thread_id: id }) => id === thread)
  return summary?.channel ?? stretch.value.messages.findLast(({ to_agent: to }) => to === null)?.channel
}

export function completeTask(taskId: number): Promise<boolean> {
  return attempt(async () => {
    await post<Task>(`/v1/tasks/${taskId}/complete`)
    changed(['tasks', 'threads'])
  })
}

/** Releases a hold of the operator; only its owner may release a hold. */
export function release(hold: Hold): Promise<boolean> {
  return attempt(async () => {
    const body = { agent_id: me.value, [hold.type === 'claim' ? 'claim_key' : 'file_path']: hold.key }
    await post(hold.type === 'claim' ? '/v1/claims/release' : '/v1/locks/release', body)
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
    arrived([await post<Message>('/v1/messages', from(target))])
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
    notice.value = { kind: 'error', title: error instanceof Error ? error.message : String(error) }
    return false
  }
}
