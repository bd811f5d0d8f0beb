// The small steps that most tests take: a name nobody else has, a message, a session, a refusal that is
// worded and shaped as PROTOCOL §1 wants it, and waiting for a condition instead of for a time.

import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Channel, Message, Session } from '../../src/protocol/objects.js'
import type { Target } from './target.js'
import type { Reply, Wire } from './wire.js'

type Fields = Record<string, unknown>

/** A name that no other test, run or agent uses. */
export const unique = (label: string): string => `${label}-${randomBytes(6).toString('hex')}`

export const idsOf = (rows: readonly { readonly id: number }[]): number[] => rows.map((row) => row.id)
export const taskIdsOf = (rows: readonly { readonly task_id: number }[]): number[] =>
  rows.map((row) => row.task_id)

/** Posts a message (by default a broadcast chat from a stranger) and gives it back as stored. */
export async function say(hub: Wire, fields: Fields = {}): Promise<Message> {
  return created(
    await hub.post<Message>('/v1/messages', { from_agent: 'conformance', body: 'hello', ...fields }),
  )
}

/** Opens a session. */
export async function join(hub: Wire, agent: string, fields: Fields = {}): Promise<Session> {
  return created(await hub.post<Session>('/v1/sessions', { agent_id: agent, ...fields }))
}

/** Creates a channel of this test's own. */
export async function newChannel(hub: Wire): Promise<string> {
  return created(await hub.post<Channel>('/v1/channels', { name: unique('channel') })).name
}

/** The agent's session as the listing shows it, without touching it. */
export async function sessionOf(hub: Wire, agent: string): Promise<Session | undefined> {
  const agents = (await hub.get<Session[]>('/v1/agents')).result
  return agents.find((session) => session.agent_id === agent)
}

/** What a thread's broadcasts are. */
export async function broadcastsIn(hub: Wire, thread: string): Promise<Message[]> {
  return (await hub.get<Message[]>('/v1/messages', { thread_id: thread, limit: 500 })).result
}

function created<T>(reply: Reply<T>): T {
  if (reply.status !== 201) throw new Error(`expected 201: ${reply.status} ${reply.text}`)
  return reply.result
}

/** Asserts a failure: its status, its envelope and, where given, what its text mentions. */
export function refused(t: Test, hub: Target, reply: Reply, status: number, mentions: RegExp = /\S/): void {
  const { ok, error, code, ...rest } = reply.json as unknown as Fields
  t.equal(reply.status, status, `${reply.status} ${reply.text.slice(0, 200)}`)
  t.equal(ok, false, 'ok is false')
  t.match(error, mentions, 'the error text')
  t.strictSame(rest, {}, 'nothing else in the envelope')
  if (hub.ours) t.match(code, /^[a-z][a-z0-9_]*$/, 'a machine-readable code')
}

/** Asks again and again until `probe` gives something; throws, naming `what`, when it takes too long. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  deadlineMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + deadlineMs
  for (;;) {
    const found = await probe()
    if (found !== undefined && found !== false) return found
    if (Date.now() > deadline) throw new Error(`waited ${deadlineMs} ms in vain for ${what}`)
    await delay(20)
  }
}

/** Returns once the clock is in a later second than the timestamp, so that a new one must differ from it. */
export const secondsAfter = (timestamp: string, seconds = 1): Promise<boolean> =>
  until(`${seconds} s after ${timestamp}`, () => Date.now() >= Date.parse(timestamp) + seconds * 1_000)

/**
 * Returns when a request that was sent before this call has very likely reached the hub: it takes a round
 * trip on a connection opened later. No test's verdict depends on it; it only makes long-polls park first.
 */
export async function parked(hub: Wire): Promise<void> {
  await hub.get('/v1/hub-info')
}

/** Runs `count` calls with at most 32 open at once. */
export async function inParallel<T>(count: number, step: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  let next = 0
  const worker = async () => {
    while (next < count) {
      const index = next++
      results[index] = await step(index)
    }
  }
  await Promise.all(Array.from({ length: Math.min(count, 32) }, worker))
  return results
}
