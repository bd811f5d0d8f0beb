// What a client does unasked while it is open (PROTOCOL §17): it shows signs of life, opens its session again after an
// expiry, a reset or a restart of the hub, and refreshes its leases. Its timer keeps no process alive.
//
//   registered ─▶ asks the hub for its presence TTL ─▶ a sign of life every third of it
//                   no session any more ─▶ opens it again, with all that the agent said of itself
//                   another client has the session ─▶ leaves it to that one

import { ArcError } from '../protocol/errors.js'
import { PRESENCE_TTL_SEC } from '../protocol/limits.js'
import type { HubInfo, Session } from '../protocol/objects.js'
import type { KeptLeases } from './kept-leases.js'
import { pathPart } from './request-text.js'
import { type Requester, withQuery } from './requester.js'

/** The longest pause between two signs of life. */
const MAX_BEAT_MS = 30_000
/** The first look at the hub after a registration, and the next one after a failure. */
const SOON_MS = 1_000

export class Upkeep {
  readonly #requester: Requester
  readonly #agentId: string
  readonly #leases: KeptLeases
  #timer: NodeJS.Timeout | undefined
  #isAtWork = false
  /** What `POST /v1/sessions` was given. Undefined: the agent has no session of this client. */
  #registration: object | undefined
  #session: Session | undefined
  /** On the clock of `performance`, which no correction of the time moves. */
  #beatAtMs = Number.POSITIVE_INFINITY

  constructor(requester: Requester, agentId: string, leases: KeptLeases) {
    this.#requester = requester
    this.#agentId = agentId
    this.#leases = leases
    requester.onHubChanged = () => this.#hubChanged()
  }

  /** Whether this client has opened the agent's session, and no other client has taken it over. */
  get isRegistered(): boolean {
    return this.#registration !== undefined
  }

  /** The session to end at the close. */
  get sessionId(): string | undefined {
    return this.#session?.session_id
  }

  registered(session: Session, registration: object): void {
    this.#session = session
    this.#registration = registration
    this.#beatSoon()
  }

  /** The name with which the session is opened again. */
  renamed(displayName: string): void {
    if (this.#registration) this.#registration = { ...this.#registration, display_name: displayName }
  }

  /** Another hub, or another stored state, has answered: it may not know the session. */
  #hubChanged(): void {
    if (this.#registration) this.#beatSoon()
  }

  /** Sets the timer to what is due next. */
  arm(): void {
    if (this.#isAtWork || this.#requester.closing.aborted) return
    clearTimeout(this.#timer)
    const dueAtMs = Math.min(this.#beatAtMs, this.#leases.dueAtMs ?? Number.POSITIVE_INFINITY)
    if (dueAtMs === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(() => void this.#work(), Math.max(0, dueAtMs - performance.now())).unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #beatSoon(): void {
    this.#beatAtMs = performance.now() + SOON_MS
    this.arm()
  }

  async #work(): Promise<void> {
    this.#isAtWork = true
    const now = performance.now()
    await Promise.all([this.#beatAtMs <= now ? this.#beat() : undefined, this.#leases.refreshDue(now)])
    this.#isAtWork = false
    this.arm()
  }

  async #beat(): Promise<void> {
    try {
      const { result: info } = await this.#requester.get<HubInfo>('/v1/hub-info', { retryForSec: 0 })
      const hasPresence = this.#requester.learn(info).includes('arc:presence')
      const isThere = await (hasPresence ? this.#isAlive() : this.#isListed())
      if (!isThere) await this.#registerAgain()
      const ttlSec = this.#session?.presence_ttl_sec ?? info.presence_ttl_sec ?? PRESENCE_TTL_SEC.default
      this.#beatAtMs = this.#registration
        ? performance.now() + Math.min((ttlSec * 1_000) / 3, MAX_BEAT_MS)
        : Number.POSITIVE_INFINITY
    } catch {
      this.#beatAtMs = performance.now() + SOON_MS // an outage: the client's own calls tell of it
    }
  }

  async #isAlive(): Promise<boolean> {
    try {
      const path = `/v1/sessions/${pathPart(this.#agentId, 'agentId')}/alive`
      await this.#requester.post<Session>(path, {}, { retryForSec: 0 })
      return true
    } catch (error) {
      if (error instanceof ArcError && error.status === 404) return false
      throw error
    }
  }

  /** For a hub of version 1: the listing with `as` is a sign of life. */
  async #isListed(): Promise<boolean> {
    const path = withQuery('/v1/agents', { as: this.#agentId })
    const { result } = await this.#requester.get<Session[]>(path, { retryForSec: 0 })
    return result.some(({ agent_id }) => agent_id === this.#agentId)
  }

  async #registerAgain(): Promise<void> {
    try {
      const body = { ...this.#registration, replace: false, reuse: false }
      this.#session = (await this.#requester.post<Session>('/v1/sessions', body, { retryForSec: 0 })).result
    } catch (error) {
      if (!(error instanceof ArcError) || error.code !== 'session_exists') throw error
      this.#registration = undefined
    }
  }
}
