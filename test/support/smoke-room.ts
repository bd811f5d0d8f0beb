// A hub for smoke runs, the roles as processes against it, and what it holds of them. The runs of one room
// share the channel, the thread and the claim of PROTOCOL §14, so each finds the leftovers of those before.

import type { Test } from 'tap'
import type { RoleVerdict } from '../../src/cli/smoke/verdict.js'
import type { Message } from '../../src/protocol/objects.js'
import { call, json, Place, type Running } from './arc-process.js'
import { NO_NETWORK } from './no-network.js'

export type Letter = 'a' | 'b' | 'c'

const IN_THE_THREAD = { channel: 'smoke-room', thread_id: 'smoke-relay-001' }
const THREAD = `/v1/messages?thread_id=${IN_THE_THREAD.thread_id}&limit=500`

export class SmokeRoom {
  readonly place: Place
  url = ''

  /** Its hub starts before the tests of `t`. */
  constructor(t: Test) {
    this.place = new Place(t)
    t.before(async () => {
      this.url = (await this.place.ensure()).url
    })
  }

  /** Starts a role: smoke-b over files and, where that can be had, without a network; the others over HTTP. */
  start(letter: Letter, ...options: string[]): Running {
    const isOverFiles = letter === 'b'
    const way = isOverFiles ? ['relay', '--relay-dir', '.arc-relay'] : ['http', '--base-url', this.url]
    const args = ['smoke-agent', '--role', `smoke-${letter}`, '--transport', ...way, ...options]
    return this.place.start(args, { prefix: (isOverFiles && NO_NETWORK) || [] })
  }

  /** Resolves when the role can go no further without another one. */
  settled(letter: Letter, role: Running): Promise<void> {
    return role.says(letter === 'a' ? 'wait for an artifact' : 'wait for a task')
  }

  /** Says something in the thread, as another implementation's client might. */
  say(from_agent: string, kind: string, body: string, reply_to?: number): Promise<Message> {
    return call<Message>(this.url, '/v1/messages', { from_agent, kind, body, reply_to, ...IN_THE_THREAD })
  }

  messagesAfter(id: number): Promise<Message[]> {
    return call<Message[]>(this.url, `${THREAD}&since_id=${id}`)
  }

  /** What the hub holds of the thread after an id: who, and what kind. */
  async heldAfter(id: number): Promise<string[]> {
    return (await this.messagesAfter(id)).map(({ from_agent, kind }) => `${from_agent} ${kind}`)
  }

  async latestId(): Promise<number> {
    return (await call<Message[]>(this.url, `${THREAD}&tail=true`)).at(-1)?.id ?? 0
  }
}

/** What a role that has passed has printed. */
export async function verdictOf(role: Running): Promise<RoleVerdict> {
  const finished = await role.finished
  if (finished.status !== 0) throw new Error(finished.stderr)
  return json<RoleVerdict>(finished)
}
