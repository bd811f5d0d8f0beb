// The HTTP door: sockets in, the dispatcher's answers out. Owns the listening socket and the time-outs that
// keep slow or silent clients from holding it. Ends by `stop`: no new connections, those who wait are
// answered, then what is still open is cut off.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Abandonment, Dispatcher, DoorRequest } from '../dispatch/dispatcher.js'
import { type Answer, failureOf } from '../protocol/envelope.js'
import { ArcError } from '../protocol/errors.js'
import { type Limits, maxRequestBytes } from '../protocol/limits.js'
import { Bodies, parseBody } from './body.js'
import type { Guard } from './guard.js'
import { Site, type SiteAnswer } from './site.js'
import { lastEventId, STREAM_HEADERS, sendEvents } from './stream.js'

/** A request's headers must have arrived within this time, and the whole of it within `REQUEST_TIMEOUT_MS`. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 60_000
/** Longer than clients keep their idle connections, so that it is they who close them. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000
/** How long requests under way may take once the door closes. */
const DRAIN_MS = 3_000
/** How long the rest of a refused body is read and thrown away, so that its sender gets to see the answer. */
const LINGER_MS = 2_000
const RETRY_AFTER_SEC = '1'
const STREAM = /^\/v1\/stream(\?|$)/
/** The scope of all idempotency keys that come over HTTP (PROTOCOL §9). */
const IDEMPOTENCY_SCOPE = 'http'

export interface HttpDoorOptions {
  readonly dispatcher: Dispatcher
  readonly guard: Guard
  readonly limits: Limits
}

export class HttpDoor {
  readonly #dispatcher: Dispatcher
  readonly #guard: Guard
  readonly #bodies: Bodies
  readonly #server: Server
  readonly #site = new Site()
  #stopping = false

  constructor({ dispatcher, guard, limits }: HttpDoorOptions) {
    this.#dispatcher = dispatcher
    this.#guard = guard
    this.#bodies = new Bodies(maxRequestBytes(limits))
    this.#server = createServer(
      {
        headersTimeout: HEADERS_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
        connectionsCheckingInterval: HEADERS_TIMEOUT_MS / 2,
        requireHostHeader: false, // the guard refuses it, in the protocol's own words
      },
      (request, response) => this.#handle(request, response),
    )
  }

  /** Listens; returns the port. @throws ArcError `port_in_use` or `start_failed`, saying what to do */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)))
      this.#server.listen({ host, port, backlog: 4_096 }, () =>
        resolve((this.#server.address() as AddressInfo).port),
      )
    })
  }

  async stop(): Promise<void> {
    this.#stopping = true
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#dispatcher.end() // those connections close as their answers have been sent
    const cutOff = setTimeout(() => this.#server.closeAllConnections(), DRAIN_MS)
    await closed
    clearTimeout(cutOff)
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    // The body was not read, or not to its end: nothing that follows on this connection can be trusted.
    const refuse = (error: unknown) => {
      if (!response.destroyed) this.#refuse(request, response, failureOf(error))
    }
    try {
      this.#guard.check(request)
      const { method, url = '' } = request
      const file = method === 'GET' && this.#site.answer(url, request.headers)
      if (file) this.#sendFile(response, file)
      else if (method === 'GET' && STREAM.test(url)) this.#stream(request, response).catch(refuse)
      else if (method !== 'POST') this.#dispatcher.dispatch(new HttpRequest(this, request, response))
      else
        this.#bodies.read(
          request,
          response,
          (body) => this.#dispatcher.dispatch(new HttpRequest(this, request, response, body)),
          refuse,
        )
    } catch (error) {
      refuse(error)
    }
  }

  /** An answer that can't be sent is a defect, and ends the actor. */
  send(response: ServerResponse, answer: Answer): void {
    if (response.destroyed) return // the client has gone
    if (this.#stopping) response.shouldKeepAlive = false
    response.writeHead(answer.status, this.#headers(answer))
    response.end(answer.body)
  }

  /** Answers at once, then reads the rest of the body for a while before the connection is closed. */
  #refuse(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
    response.shouldKeepAlive = false
    response.writeHead(answer.status, this.#headers(answer))
    if (request.complete) return void response.end(answer.body)
    response.write(answer.body)
    const close = () => {
      clearTimeout(timer)
      response.end()
    }
    const timer = setTimeout(close, LINGER_MS)
    request.once('end', close).once('close', close).resume()
  }

  #headers(answer: Answer): string[] {
    const headers = [
      'Content-Type',
      'application/json',
      'Content-Length',
      String(Buffer.byteLength(answer.body)),
      'X-Arc-Instance',
      this.#dispatcher.instanceId,
    ]
    if (answer.replayed) headers.push('Idempotency-Replayed', 'true')
    if (answer.status === 503) headers.push('Retry-After', RETRY_AFTER_SEC)
    return headers
  }

  async #stream(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reader = new HttpRequest(this, request, response)
    const stream = await this.#dispatcher.follow(reader, lastEventId(request))
    if (!('batches' in stream)) return this.send(response, stream)
    response.writeHead(200, { ...STREAM_HEADERS, 'X-Arc-Instance': this.#dispatcher.instanceId })
    response.shouldKeepAlive = false
    await sendEvents(response, stream)
  }

  #sendFile(response: ServerResponse, { status, headers, body }: SiteAnswer): void {
    response.writeHead(status, { ...headers, 'X-Arc-Instance': this.#dispatcher.instanceId })
    response.end(body)
  }
}

/**
 * A request that came over HTTP, as the dispatcher sees it. Its parts are made when they are asked for. It is
 * abandoned when its connection goes.
 */
class HttpRequest implements DoorRequest, Abandonment {
  readonly #door: HttpDoor
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #bytes: Buffer | undefined

  constructor(door: HttpDoor, request: IncomingMessage, response: ServerResponse, bytes?: Buffer) {
    this.#door = door
    this.#request = request
    this.#response = response
    this.#bytes = bytes
  }

  get method(): string {
    return this.#request.method ?? ''
  }

  get target(): string {
    return this.#request.url ?? ''
  }

  /** @throws ArcError 400 */
  get body(): Record<string, unknown> {
    return this.#bytes ? parseBody(this.#bytes) : {}
  }

  get idempotency(): DoorRequest['idempotency'] {
    const key = this.#request.headers['idempotency-key']
    return key === undefined
      ? undefined
      : { scope: IDEMPOTENCY_SCOPE, key: String(key), bytes: this.#bytes ?? '' }
  }

  answer(answer: Answer): void {
    this.#door.send(this.#response, answer)
  }

  get abandonment(): Abandonment {
    return this
  }

  get happened(): boolean {
    return this.#response.destroyed
  }

  on(callback: () => void): void {
    this.#response.on('close', callback)
  }

  off(callback: () => void): void {
    this.#response.off('close', callback)
  }
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): ArcError {
  if (error.code === 'EADDRINUSE') {
    const text = `port ${port} on ${host} is taken by another program; stop that program, or choose another port with --port`
    return new ArcError('port_in_use', text, { cause: error })
  }
  const text = `cannot listen on ${host} port ${port} (${error.message}); choose others with --host and --port`
  return new ArcError('start_failed', text, { cause: error })
}
