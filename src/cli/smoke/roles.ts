// The three roles of the smoke run (PROTOCOL §14), step by step. Each works over both transports, since it uses only the
// client. A role has passed when its last step is done. It reports every step.

import type { ArcClient, Message } from '../../sdk/index.js'
import { heartbeat, type WantedMessage } from './rules.js'
import { type SmokeThread, Superseded } from './thread.js'

export const ROLES = ['smoke-a', 'smoke-b', 'smoke-c'] as const
/** The step by which a role reports that smoke-a may post its task. */
export const WAITS_FOR_A_TASK = 'wait for a task from smoke-a'
export type RoleName = (typeof ROLES)[number]

/** The tools of a role, and its reports. */
export interface Role {
  readonly client: ArcClient
  readonly thread: SmokeThread
  readonly channel: string
  readonly threadId: string
  readonly claimKey: string
  readonly pollSec: number
  readonly signal: AbortSignal
  /** Reports the start of a step. */
  doing(what: string): void
  /** Reports the end of a step, with the id of the message that it posted or saw. */
  done(what: string, message?: { readonly posted: number } | { readonly saw: number }): void
}

const CLAIM_TTL_SEC = 60
const VERIFIED: WantedMessage = { from: 'smoke-c', kind: 'notice', containing: 'verified' }
const ARTIFACT: WantedMessage = { from: 'smoke-b', kind: 'artifact' }

/** Plays the role to its end. Resolves with the task that names the run. */
export async function play(name: RoleName, role: Role): Promise<Message> {
  role.doing('sign in')
  await role.client.register({ replace: true, metadata: { smoke: name }, signal: role.signal })
  role.done('signed in')
  if (name === 'smoke-a') return lead(role)
  const follow = name === 'smoke-b' ? work : verify
  for (;;) {
    role.doing(`${WAITS_FOR_A_TASK} in ${role.channel}, thread ${role.threadId}`)
    const task = await role.thread.liveTask()
    role.done(`saw the task #${task.id}`, { saw: task.id })
    try {
      await follow(role, task)
      return task
    } catch (error) {
      if (!(error instanceof Superseded)) throw error
      role.done('saw smoke-a begin another run: starting anew')
    }
  }
}

async function lead(role: Role): Promise<Message> {
  const { client, channel, signal, pollSec } = role
  role.doing(`create the channel ${channel}`)
  await client.createChannel(channel, { signal })
  const metadata = heartbeat(pollSec)
  const task = await post(role, 'task', 'smoke run: who reads this, and by which way?', { metadata })
  await wait(role, task, ARTIFACT)
  await wait(role, task, VERIFIED)
  await post(role, 'notice', 'smoke run closed: everyone has answered', { replyTo: task.id })
  role.doing(`complete the task #${task.id}`)
  await client.completeTask(task.id, { signal })
  role.done(`completed the task #${task.id}`)
  return task
}

async function work(role: Role, task: Message): Promise<void> {
  const { client, claimKey, signal } = role
  await claim(role, task)
  await post(role, 'artifact', 'the artifact of the smoke run', { replyTo: task.id })
  role.doing(`release the claim ${claimKey}`)
  await client.release(claimKey, { signal })
  role.done(`released ${claimKey}`)
  await wait(role, task, VERIFIED)
  await post(role, 'notice', 'smoke-b confirms: the notice of smoke-c has come', { replyTo: task.id })
}

async function verify(role: Role, task: Message): Promise<void> {
  const { client, threadId, signal } = role
  const artifact = await wait(role, task, ARTIFACT)
  role.doing('read the active claims of the thread')
  const claims = await client.listClaims({ threadId, activeOnly: true, signal })
  const held = claims.map(({ claim_key, owner_agent_id }) => `${claim_key} by ${owner_agent_id}`)
  role.done(`read the active claims: ${held.join(', ') || 'none'}`)
  const text = `verified: artifact #${artifact.id} for task #${task.id}; ${claims.length} active claims`
  await post(role, 'notice', text, { replyTo: task.id })
}

async function claim(role: Role, task: Message): Promise<void> {
  const { client, claimKey, threadId, signal, thread } = role
  const options = { threadId, taskMessageId: task.id, ttlSec: CLAIM_TTL_SEC, signal }
  role.doing(`acquire the claim ${claimKey}`)
  for (;;) {
    const { acquired, claim } = await client.claim(claimKey, options)
    if (acquired) break
    role.doing(`acquire the claim ${claimKey}, which ${claim.owner_agent_id} holds until ${claim.expires_at}`)
    await thread.pause()
  }
  role.done(`acquired ${claimKey}`)
}

async function post(
  { client, channel, threadId, signal, doing, done }: Role,
  kind: 'task' | 'artifact' | 'notice',
  body: string,
  options: { replyTo?: number; metadata?: Record<string, unknown> },
): Promise<Message> {
  doing(`post ${article(kind)}`)
  const message = await client.post(body, { kind, channel, threadId, signal, ...options })
  done(`posted ${article(kind)} #${message.id}`, { posted: message.id })
  return message
}

async function wait({ thread, doing, done }: Role, task: Message, wanted: WantedMessage): Promise<Message> {
  const { from, kind, containing } = wanted
  const what = `${article(kind)} from ${from}${containing ? ` that says "${containing}"` : ''}`
  doing(`wait for ${what}`)
  const message = await thread.waitFor(task, wanted)
  done(`saw ${what}, #${message.id}`, { saw: message.id })
  return message
}

const article = (kind: string) => (kind === 'artifact' ? `an ${kind}` : `a ${kind}`)
