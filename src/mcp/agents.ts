// The agent as which the server acts: who it is, its session, and what it has still to say to the hub.
//
//   named by --agent or ARC_AGENT ─┐
//   remembered of the session ─────┼─▶ its session is opened, or taken over ─▶ ends with the program that is served
//   else <harness>-<folder>, -2 … ─┘
//
// A session that a hook, a command or a program has opened is taken up as it is, and stays when the server ends. Of two servers
// with one name, the newer has the session, and the end of either leaves alone what the other holds. If no hub answers, nothing is kept, and the next call tries again.

import { agentOfEnvironment, namesFor } from '../agent-name.js'
import { crypto } from '../crypto.js'
import { harnessProcess } from '../harness-process.js'
import { ArcError } from '../protocol/errors.js'
import { ArcClient } from '../sdk/client.js'
import { recall, remember } from '../session-memory.js'
import type { Caller } from './caller.js'

/** How the server reaches a hub: by the folder of the file relay, or at the address where it is now. */
export interface Way {
  readonly spoolDir?: string
  address?(): string
}

/** Codes after which the same call may succeed. */
const PASSING = ['no_hub', 'unavailable', 'outcome_unknown', 'timeout', 'not_executed']
export const isPassing = (error: unknown): boolean =>
  error instanceof ArcError && (error.retryable || PASSING.includes(error.code))

export class Agent {
  readonly client: ArcClient
  readonly place: string
  /** Undefined: a hook, a command or a program has opened the session. */
  readonly #own: OwnSession | undefined
  /** What the hub has not heard yet. */
  #unsaid: (() => Promise<unknown>)[] = []
  #settled = Promise.resolve()
  #isIntroduced = false

  constructor(client: ArcClient, place: string, own: OwnSession | undefined) {
    this.client = client
    this.place = place
    this.#own = own
  }

  get id(): string {
    return this.client.agentId
  }

  /** The agent's name, at the first answer. */
  introduction(): string {
    if (this.#isIntroduced) return ''
    this.#isIntroduced = true
    return `(You are agent ${this.id}.)\n`
  }

  /** Says something to the hub that no answer waits for. If the hub is away, it is said at the next occasion. Never rejects. */
  say(saying: () => Promise<unknown>): Promise<void> {
    this.#unsaid.push(saying)
    return this.settle()
  }

  settle(): Promise<void> {
    this.#settled = this.#settled.then(() => this.#sayAll())
    return this.#settled
  }

  async #sayAll(): Promise<void> {
    const due = this.#unsaid
    this.#unsaid = []
    for (const saying of due) {
      try {
        await saying()
      } catch (error) {
        if (isPassing(error)) this.#unsaid.push(saying)
      }
    }
  }

  async close(): Promise<void> {
    await this.settle()
    if (!this.#own) return
    // What a shell has taken under this name is free, too. Another server of the agent keeps what it has.
    if (this.#own.isAlone && (await this.#hasSession(this.#own.mark)))
      await this.client.releaseAll().catch(() => {}) // else it ends with its time
    await this.client.close()
  }

  async #hasSession(mark: string): Promise<boolean> {
    const found = await this.client.bootstrap().catch(() => undefined)
    return found?.session?.metadata[MARK] === mark
  }
}

interface OwnSession {
  readonly mark: string
  /** No other session of the agent was there. */
  readonly isAlone: boolean
}

/** In a session's metadata: the server that has opened it. */
const MARK = 'mcp_server'

export class Agents {
  readonly #way: Way
  readonly #given: string | undefined
  readonly #bySession = new Map<string, Promise<Agent>>()
  readonly #mark = crypto().randomUUID()

  constructor(way: Way, given: string | undefined) {
    this.#way = way
    this.#given = given ?? agentOfEnvironment()
  }

  /** Whether it is known before the first call who the agent is. */
  get isNamed(): boolean {
    return this.#given !== undefined
  }

  /** The agent that a caller is, signed in. @throws ArcError */
  async of(caller: Caller): Promise<Agent> {
    const key = this.isNamed ? '' : `${caller.harness} ${caller.session}`
    const known = this.#bySession.get(key)
    if (known) return known
    const signingIn = this.#signIn(caller)
    this.#bySession.set(key, signingIn)
    try {
      return await signingIn
    } catch (error) {
      this.#bySession.delete(key)
      throw error
    }
  }

  /** No hub answers where it was. True if it is elsewhere now, where the agent signs in at its next call. */
  async lost(agent: Agent): Promise<boolean> {
    if (!this.#isElsewhere(agent)) return false
    for (const [key, known] of this.#bySession) if ((await known) === agent) this.#bySession.delete(key)
    void agent.client.close()
    return true
  }

  async close(): Promise<void> {
    const all = await Promise.allSettled(this.#bySession.values())
    await Promise.all(all.map((one) => one.status === 'fulfilled' && one.value.close()))
  }

  #isElsewhere(agent: Agent): boolean {
    try {
      return this.#place() !== agent.place
    } catch {
      return false // it is stopped
    }
  }

  #place(): string {
    return this.#way.spoolDir ?? this.#way.address?.() ?? ''
  }

  #clientOf(agentId: string, place: string): ArcClient {
    return this.#way.spoolDir === undefined
      ? new ArcClient(agentId, { baseUrl: place })
      : ArcClient.overRelay(agentId, { spoolDir: place })
  }

  async #signIn({ harness, session }: Caller): Promise<Agent> {
    const recalled = () => (session === undefined ? undefined : recall(harness, session))
    const named = this.#given ?? recalled()?.agentId
    const place = this.#place()
    for (const name of named === undefined ? namesFor(harness, process.cwd()) : [named]) {
      const client = this.#clientOf(name, place)
      try {
        const { session: before } = await client.bootstrap()
        const program = harnessProcess()
        const server = before?.metadata[MARK]
        const isOthers = before !== null && server === undefined
        const { session_id: sessionId } = await client.register({
          ...(named !== undefined && (isOthers ? { reuse: true } : { replace: true })),
          displayName: before?.display_name,
          capabilities: before?.capabilities,
          metadata: { ...before?.metadata, [MARK]: this.#mark },
          harness,
          ...(program && { process: { pid: program.pid, startedAt: program.started_at } }),
        })
        if (session !== undefined)
          remember(harness, session, { stopsHeld: 0, ...recalled(), agentId: name, sessionId })
        const own = { mark: this.#mark, isAlone: before === null || server === this.#mark }
        return new Agent(client, place, isOthers ? undefined : own)
      } catch (error) {
        await client.close()
        if (named !== undefined || !(error instanceof ArcError) || error.code !== 'session_exists')
          throw error
      }
    }
    throw new ArcError('session_exists', 'every name for this agent is taken; give one with --agent NAME')
  }
}
