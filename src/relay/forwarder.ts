// The stand-alone relay's executor: sends a request of the spool to the hub over HTTP, and makes the hub's answer the text
// of a response file (PROTOCOL §10).
//
// A request has exactly one effect if the hub announces `arc:idempotency_key`: every POST and DELETE carries a key made of
// its queue and stem, so the forwarder sends an interrupted request again, and so does the relay that follows a dead one. To
// any other hub it never sends a request twice that may have been executed: the answer is a 599 that says so. When no hub
// answers, it tries for a while, then answers 599 as well.

import { hash } from 'node:crypto'
import type { QueuedRequest } from '../fsqueue/host-options.js'
import { failure } from '../protocol/envelope.js'
import { ArcError, invalid, requestExpired } from '../protocol/errors.js'
import { DEFAULT_LIMITS, MAX_POLL_SEC, maxRequestBytes } from '../protocol/limits.js'
import type { HubInfo } from '../protocol/objects.js'
import {
  type ParsedRelayRequest,
  parseRelayRequest,
  RELAY_STATUS,
  REQUEST_FILE_EXTRA_BYTES,
  relayFailure,
  relayRefusal,
  relayResponse,
} from '../protocol/relay.js'
import { HttpTransport } from '../sdk/http-transport.js'
import { pollTimeoutSec } from '../sdk/long-poll.js'
import { REPLAY_FEATURE, Requester } from '../sdk/requester.js'
import type { Method, TransportAnswer } from '../sdk/transport.js'
import { linkSignals } from '../sdk/waiting.js'
import { httpOnly } from './http-only.js'

export interface ForwarderOptions {
  readonly baseUrl: string
  /** Seconds for the hub's answer, beyond what a long-poll waits by itself. */
  readonly requestTimeoutSec: number
  readonly requestTtlMs: number
  readonly log: (level: 'info' | 'warn', message: string) => void
}

/** Shares of the request timeout: the time for new tries after the first failure, and the time for one connection. */
const RETRY_SHARE = 1 / 2
const CONNECT_SHARE = 1 / 4

export class Forwarder {
  readonly #requester: Requester
  readonly #requestTtlMs: number
  readonly #log: ForwarderOptions['log']
  readonly #closing = new AbortController()
  #maxRequestBytes = maxRequestBytes(DEFAULT_LIMITS) + REQUEST_FILE_EXTRA_BYTES
  #away = false

  constructor({ baseUrl, requestTimeoutSec, requestTtlMs, log }: ForwarderOptions) {
    const connectTimeoutSec = requestTimeoutSec * CONNECT_SHARE
    this.#requester = new Requester(new HttpTransport({ baseUrl, connectTimeoutSec }), {
      timeoutSec: requestTimeoutSec,
      retryForSec: requestTimeoutSec * RETRY_SHARE,
      closing: this.#closing.signal,
    })
    this.#requestTtlMs = requestTtlMs
    this.#log = log
  }

  /** The hub's limit, or the default until the hub was met. */
  get maxRequestBytes(): number {
    return this.#maxRequestBytes
  }

  /** Learns what the hub can do. @throws ArcError when no hub answers */
  async meet(retryForSec?: number): Promise<{ info: HubInfo; replays: boolean }> {
    const { result: info } = await this.#noting(this.#requester.get<HubInfo>('/v1/hub-info', { retryForSec }))
    const { max_body_chars, max_attachment_chars, max_attachments } = info
    const limits = {
      maxBodyChars: max_body_chars,
      maxAttachmentChars: max_attachment_chars,
      maxAttachments: max_attachments,
    }
    const bytes = maxRequestBytes(limits)
    if (Number.isFinite(bytes)) this.#maxRequestBytes = bytes + REQUEST_FILE_EXTRA_BYTES
    const replays = this.#requester.learn(info).includes(REPLAY_FEATURE)
    return { info, replays }
  }

  /** Ends long-polls. Requests that the hub has go on until it answers. */
  drain(): void {
    this.#closing.abort(new ArcError('aborted', 'the relay was stopped'))
  }

  close(): Promise<void> {
    this.#closing.abort()
    return this.#requester.close()
  }

  /** The response's text. Undefined for a request that is left to the next relay. */
  readonly execute = async (queued: QueuedRequest): Promise<string | undefined> => {
    let parsed: ParsedRelayRequest
    let method: Method
    try {
      parsed = parseRelayRequest(queued.stem, queued.file)
      method = methodOf(parsed)
    } catch (error) {
      return relayRefusal(queued.stem, error as ArcError)
    }
    const { requestId } = parsed
    try {
      const isOld = Date.now() > parsed.writtenAtMs + this.#requestTtlMs
      if (method !== 'GET') await this.#refuseDoubtful(queued, isOld)
      if (isOld) return relayResponse(requestId, failure(requestExpired()))
      const refusal = httpOnly(method, parsed.path)
      if (refusal) return relayResponse(requestId, failure(refusal))
      const answer = await this.#noting(this.#forward(queued, parsed, method))
      const { status, text = JSON.stringify(answer.envelope), instanceId, envelope } = answer
      const error = envelope.ok ? undefined : (envelope.error ?? `the hub answered with status ${status}`)
      return relayResponse(
        requestId,
        { status, body: text, ...(error !== undefined && { error }) },
        instanceId,
      )
    } catch (error) {
      if (!(error instanceof ArcError)) throw error
      const isLeft = error.code === 'aborted' && method !== 'GET'
      if (isLeft && !queued.abandonment.happened) return undefined
      if (error.code === 'invalid_request') return relayRefusal(requestId, error)
      return relayFailure(requestId, lastWords(error, method), RELAY_STATUS.hubUnreachable)
    }
  }

  /** @throws ArcError for a request that another relay claimed, unless the hub notices a repetition */
  async #refuseDoubtful({ file, foreign }: QueuedRequest, isOld: boolean): Promise<void> {
    if (!foreign && !file.resumed) return
    if (!foreign && !isOld && (await this.#hubReplays())) return
    throw new ArcError(
      'hub_lost',
      'the request was taken by a relay that has ended: outcome unknown, it may or may not have been executed; ' +
        'look before you send it again',
    )
  }

  async #hubReplays(): Promise<boolean> {
    try {
      return (await this.meet()).replays
    } catch (error) {
      if (!(error instanceof ArcError) || error.code === 'aborted') throw error
      return false
    }
  }

  async #forward(
    { queue, stem, park, abandonment }: QueuedRequest,
    { path, body }: ParsedRelayRequest,
    method: Method,
  ): Promise<TransportAnswer> {
    const waitSec = method === 'DELETE' ? 0 : waitOf(path)
    if (method === 'GET') {
      if (waitSec === 0) return this.#requester.exchange({ method, path })
      park()
      return this.#untilAbandoned(abandonment, (signal) => this.#poll(path, waitSec, signal))
    }
    const call = {
      method,
      path,
      // Not every hub reads a DELETE's body off the connection.
      body: method === 'DELETE' && Object.keys(body).length === 0 ? undefined : body,
      idempotencyKey: `relay-${hash('sha256', `${queue}/${stem}`, 'base64url')}`,
    }
    if (waitSec === 0) return this.#requester.exchange(call)
    park()
    const timeoutSec = pollTimeoutSec(waitSec, this.#requester.timeoutSec)
    return this.#untilAbandoned(abandonment, (signal) =>
      this.#requester.exchange({ ...call, timeoutSec, signal }),
    )
  }

  /** Logs when the hub stops answering, and when it answers again. */
  async #noting<T>(exchange: Promise<T>): Promise<T> {
    try {
      const answer = await exchange
      if (this.#away) this.#log('info', 'the hub answers again')
      this.#away = false
      return answer
    } catch (error) {
      if (error instanceof ArcError && (error.code === 'no_hub' || error.code === 'bad_answer')) {
        if (!this.#away) this.#log('warn', `${error.message} (until then, requests are answered with 599)`)
        this.#away = true
      }
      throw error
    }
  }

  /** Repeats a lost long-poll without its wait: after an outage the ids may have started again (see feed-reader.ts). */
  async #poll(path: string, waitSec: number, signal: AbortSignal): Promise<TransportAnswer> {
    const timeoutSec = pollTimeoutSec(waitSec, this.#requester.timeoutSec)
    const answer = await this.#requester
      .exchange({ method: 'GET', path, timeoutSec, retryForSec: 0, signal })
      .catch((error: unknown) => {
        if (error instanceof ArcError && error.retryable) return undefined
        throw error
      })
    if (answer && answer.status !== 503) return answer
    return this.#requester.exchange({ method: 'GET', path: withoutWait(path), signal })
  }

  /** Gives `work` a signal that is aborted when nobody waits for the answer any more, or when the relay stops. */
  async #untilAbandoned<T>(
    abandonment: QueuedRequest['abandonment'],
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const abandoned = new AbortController()
    if (abandonment.happened) abandoned.abort()
    const abort = () => abandoned.abort()
    abandonment.on(abort)
    const { signal, release } = linkSignals(abandoned.signal, this.#closing.signal)
    try {
      return await work(signal)
    } finally {
      abandonment.off(abort)
      release()
    }
  }
}

function methodOf({ method }: ParsedRelayRequest): Method {
  if (method === 'GET' || method === 'POST' || method === 'DELETE') return method
  throw invalid('method must be GET, POST or DELETE')
}

/** Seconds that a request asks the hub to wait. */
function waitOf(path: string): number {
  const sec = Number(new URLSearchParams(path.split('?', 2)[1]).get('timeout'))
  return sec > 0 ? Math.min(sec, MAX_POLL_SEC) : 0
}

function withoutWait(path: string): string {
  const [route, query] = path.split('?', 2)
  const params = new URLSearchParams(query)
  params.delete('timeout')
  return `${route}?${params}`
}

/** The error for a request that the hub did not answer. It says that nothing happened, or that the outcome is unknown. */
function lastWords(error: ArcError, method: Method): ArcError {
  const { code, message } = error
  if (code === 'hub_lost' || code === 'bad_answer') return error
  if (code === 'aborted') {
    const text = 'the relay was stopped before it had an answer: try again'
    return new ArcError('unavailable', text, { cause: error })
  }
  if (method !== 'GET' && code !== 'no_hub') {
    return new ArcError('hub_lost', `outcome unknown: ${message}`, { cause: error })
  }
  const text =
    `the relay got no answer from its hub: ${message.split('. ', 1)[0]}. Nothing was done: send the request again ` +
    'later, and if it stays so, ask the operator whether the hub runs'
  return new ArcError('hub_unreachable', text, { cause: error })
}
