// Requests with retries: the layer between the client's methods and a transport.
//
// Guarantees: all tries of one POST or DELETE have one idempotency key; `retry.ts` decides about tries; a refusal
// becomes an `ArcError` with the hub's text. It remembers two things about the hub: which stored state answered last
// (`instanceId`), and what that hub announces.

import type { Envelope } from '../protocol/envelope.js'
import { ArcError } from '../protocol/errors.js'
import type { HubInfo } from '../protocol/objects.js'
import { refusal } from './refusal.js'
import { newRequestName } from './request-name.js'
import { decide } from './retry.js'
import type { Method, Transport, TransportAnswer, TransportStream } from './transport.js'
import { checkSignal, pause } from './waiting.js'

export const REPLAY_FEATURE = 'arc:idempotency_key'

export interface Call {
  readonly method: Method
  readonly path: string
  readonly body?: object | undefined
  /** Seconds for one try. Default: the client's `timeout`. */
  readonly timeoutSec?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Seconds after the first failure in which a try may start. Default: the client's `retryFor`. */
  readonly retryForSec?: number | undefined
  /** Default: a new one for this call. */
  readonly idempotencyKey?: string | undefined
}

export interface Reply<T> {
  readonly result: T
  readonly envelope: Envelope
  readonly instanceId: string | undefined
}

export interface RequesterOptions {
  readonly timeoutSec: number
  readonly retryForSec: number
  /** Aborted when the client closes. Ends every pause between tries. */
  readonly closing: AbortSignal
}

export class Requester {
  readonly timeoutSec: number
  readonly retryForSec: number
  readonly closing: AbortSignal
  readonly #transport: Transport
  /** Called when another stored state has answered than before. */
  onHubChanged: (() => void) | undefined
  #instanceId: string | undefined
  readonly #background = new Set<Promise<void>>()
  /** What the hub that answered last announces; undefined until it is asked. */
  #features: readonly string[] | undefined

  constructor(transport: Transport, options: RequesterOptions) {
    this.#transport = transport
    this.timeoutSec = options.timeoutSec
    this.retryForSec = options.retryForSec
    this.closing = options.closing
  }

  /** The stored state that answered last; undefined for a hub that names none. */
  get instanceId(): string | undefined {
    return this.#instanceId
  }

  get<T>(path: string, options: Omit<Call, 'method' | 'path' | 'body'> = {}): Promise<Reply<T>> {
    return this.send<T>({ ...options, method: 'GET', path })
  }

  post<T>(
    path: string,
    body: object,
    options: Omit<Call, 'method' | 'path' | 'body'> = {},
  ): Promise<Reply<T>> {
    return this.send<T>({ ...options, method: 'POST', path, body })
  }

  async send<T>(call: Call): Promise<Reply<T>> {
    const answer = await this.exchange(call)
    const { envelope, instanceId } = answer
    if (!envelope.ok) throw refusal(answer)
    // The one place that trusts the hub to answer with the type that PROTOCOL gives.
    return { result: envelope.result as T, envelope, instanceId }
  }

  /** Like `send`, but a refusal that is not retried is an answer. */
  async exchange(call: Call): Promise<TransportAnswer> {
    if (call.body) checkNumbers(call.body)
    checkSignal(call.signal)
    const retryForSec = call.retryForSec ?? this.retryForSec
    // A request that is tried once needs no key.
    const hasKey = call.method !== 'GET' && retryForSec > 0
    const idempotencyKey = call.idempotencyKey ?? (hasKey ? newRequestName() : undefined)
    const failed = new FailedTries(call, retryForSec * 1_000)
    for (;;) {
      let answer: TransportAnswer | undefined
      try {
        answer = await this.#once({ ...call, idempotencyKey })
        if (answer.envelope.ok) return answer
        failed.add(refusal(answer), answer.retryAfterSec)
      } catch (error) {
        if (!(error instanceof ArcError)) throw error
        failed.add(error)
      }
      if (await this.#untilNextTry(call, failed)) continue
      const error = failed.finalError()
      if (answer && error === failed.last) return answer
      throw error
    }
  }

  /** Opens a stream of events. It tries once. @throws ArcError also where the transport has no streams */
  async open(path: string, options: { timeoutSec: number; signal: AbortSignal }): Promise<TransportStream> {
    if (!this.#transport.open) {
      throw new ArcError('invalid_request', 'a stream needs a connection: over files, use long-polls')
    }
    return this.#transport.open({ method: 'GET', path, ...options })
  }

  /** Does what nobody waits for, and whose failure harms nobody. */
  inBackground(work: Promise<void>): void {
    const done = work.catch(() => {}).finally(() => this.#background.delete(done))
    this.#background.add(done)
  }

  /** Resolves when nothing is done in the background. */
  async settled(): Promise<void> {
    await Promise.all(this.#background)
  }

  /** Closes the transport; requests in progress reject with `aborted`. */
  close(): Promise<void> {
    return this.#transport.close()
  }

  /** Reads and returns the hub's features. */
  learn({ features }: HubInfo): readonly string[] {
    this.#features = Array.isArray(features) ? features : []
    return this.#features
  }

  /** Whether the hub announces a feature. It asks the hub once. */
  async announces(feature: string, options: Pick<Call, 'signal' | 'retryForSec'> = {}): Promise<boolean> {
    const known = this.#features ?? this.learn((await this.get<HubInfo>('/v1/hub-info', options)).result)
    return known.includes(feature)
  }

  /**
   * Does what needs a feature of our hubs. Before it, for a request that a hub of version 1 would take and misunderstand;
   * `after`: the hub is asked only if it refuses the request. @throws ArcError `unsupported` that names the feature
   */
  async needing<T>(
    feature: string,
    options: { readonly signal?: AbortSignal | undefined; readonly when: 'before' | 'after' },
    work: () => Promise<T>,
  ): Promise<T> {
    const { signal, when } = options
    if (when === 'before' && !(await this.announces(feature, { signal }))) throw unsupported(feature)
    try {
      return await work()
    } catch (error) {
      const mayBeUnknown = error instanceof ArcError && (error.status === 404 || error.status === 405)
      if (!mayBeUnknown || (await this.announces(feature, { signal }).catch(() => true))) throw error
      throw unsupported(feature, error)
    }
  }

  get #hubReplays(): boolean | undefined {
    return this.#features?.includes(REPLAY_FEATURE)
  }

  async #once(call: Call): Promise<TransportAnswer> {
    const { method, path, body, signal, idempotencyKey } = call
    const timeoutSec = call.timeoutSec ?? this.timeoutSec
    const answer = await this.#transport.request({ method, path, body, timeoutSec, signal, idempotencyKey })
    if (answer.instanceId !== undefined && answer.instanceId !== this.#instanceId) {
      const isOther = this.#instanceId !== undefined
      this.#instanceId = answer.instanceId
      this.#features = undefined
      if (isOther) this.onHubChanged?.()
    }
    return answer
  }

  /** Resolves with true when the next try is due; at once with false if there is none. */
  async #untilNextTry(call: Call, failed: FailedTries): Promise<boolean> {
    // The next hub on that port may be another one: this one's features no longer count.
    if (failed.last.code === 'no_hub') this.#features = undefined
    for (;;) {
      const verdict = decide(failed.last, failed.tried(this.#hubReplays))
      if (verdict.next === 'give_up') return false
      await pause(verdict.delayMs, call.signal, this.closing)
      if (verdict.next === 'retry') return true
      await this.#askWhetherItReplays(call.signal)
      if (this.#hubReplays) return true
      failed.count++
    }
  }

  /** Tries once. An unavailable hub leaves the question open; any other failure means no. */
  async #askWhetherItReplays(signal: AbortSignal | undefined): Promise<void> {
    try {
      const answer = await this.#once({ method: 'GET', path: '/v1/hub-info', signal })
      if (!answer.envelope.ok) throw refusal(answer)
      this.learn(answer.envelope.result as HubInfo)
    } catch (error) {
      if (!(error instanceof ArcError) || error.code === 'aborted') throw error
      if (!error.retryable) this.#features = []
    }
  }
}

/** Created once: its stack trace takes longer than all else that a call does before it is sent. */
const NOT_TRIED = new ArcError('internal', 'not tried yet')

/** The failures of one call so far. */
class FailedTries {
  count = 0
  last = NOT_TRIED
  readonly #call: Call
  readonly #retryForMs: number
  #firstAt = 0
  #retryAfterSec: number | undefined
  #maybeDone = false

  constructor(call: Call, retryForMs: number) {
    this.#call = call
    this.#retryForMs = retryForMs
  }

  add(failure: ArcError, retryAfterSec?: number): void {
    if (this.count++ === 0) this.#firstAt = performance.now()
    this.last = failure
    this.#retryAfterSec = retryAfterSec
    if (failure.code === 'outcome_unknown') this.#maybeDone = true
  }

  tried(hubReplays: boolean | undefined) {
    return {
      method: this.#call.method,
      failures: this.count,
      maybeDone: this.#maybeDone,
      hubReplays,
      sinceFirstFailureMs: performance.now() - this.#firstAt,
      retryForMs: this.#retryForMs,
      retryAfterSec: this.#retryAfterSec,
    }
  }

  /** The error for the caller. After a try that may have succeeded, `no_hub` would be wrong: it becomes `outcome_unknown`. */
  finalError(): ArcError {
    const { last } = this
    if (!this.#maybeDone || last.code === 'outcome_unknown' || !last.retryable) return last
    const what = `${this.#call.method} ${this.#call.path.split('?', 1)[0]}`
    const text = `${what} was sent, its answer was lost, and then: ${last.message}. It may or may not have been done`
    return new ArcError('outcome_unknown', text, { cause: last })
  }
}

function unsupported(feature: string, cause?: unknown): ArcError {
  const text = `this hub does not announce ${feature}, which this call needs: use a hub of a newer version (npm install arc-hub@latest)`
  return new ArcError('unsupported', text, { cause })
}

/** JSON turns NaN and Infinity into null, which the hub reads as absent. @throws ArcError `invalid_request` */
function checkNumbers(body: object): void {
  for (const [name, value] of Object.entries(body)) {
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw new ArcError('invalid_request', `${name} must be a finite number, not ${value}`)
    }
  }
}

/** `path` with the parameters that have a value. */
export function withQuery(
  path: string,
  params: Record<string, string | number | boolean | undefined>,
): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) if (value !== undefined) query.set(name, String(value))
  return query.size === 0 ? path : `${path}?${query}`
}
