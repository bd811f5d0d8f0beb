// The HTTP door: sockets in, the dispatcher's answers out. Owns the listening socket and the time-outs that
// keep slow or silent clients from holding it. Ends by `stop`: no new connections, those who wait are
// answered, then what is still open is cut off.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import { failureOf } from '../protocol/envelope.js'
import { ArcError } from '../protocol/errors.js'
import { type Limits, maxRequestBytes } from '../protocol/limits.js'
import { Bodies } from './body.js'
import type { Guard } from './guard.js'
import { Replies } from './replies.js'
import { HttpRequest } from './request.js'
import { Site } from './site.js'
import { lastEventId, STREAM_HEADERS, sendEvents } from './stream.js'

/** A request's headers must have arrived within this time, and the whole of it within `REQUEST_TIMEOUT_MS`. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 60_000
/** Longer than clients keep their idle connections, so that it is they who close them. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000
/** How long requests under way may take once the door closes. */
const DRAIN_MS = 3_000
const STREAM = /^\/v1\/stream(\?|$)/

export interface HttpDoorOptions {
  readonly dispatcher: Dispatcher
  readonly guard: Guard
  readonly limits: Limits
}

export class HttpDoor {
  readonly #dispatcher: Dispatcher
  readonly #guard: Guard
  readonly #bodies: Bodies
  readonly #replies: Replies
  readonly #server: Server
  readonly #site = new Site()

  constructor({ dispatcher, guard, limits }: HttpDoorOptions) {
    this.#dispatcher = dispatcher
    this.#guard = guard
    this.#replies = new Replies(dispatcher.instanceId)
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
    this.#replies.close()
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#dispatcher.end() // those connections close as their answers have been sent
    const cutOff = setTimeout(() => this.#server.closeAllConnections(), DRAIN_MS)
    await closed
    clearTimeout(cutOff)
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const refuse = (error: unknown) => this.#replies.refuse(request, response, failureOf(error))
    try {
      this.#guard.check(request)
      const { method, url = '' } = request
      const file = method === 'GET' && this.#site.answer(url, request.headers)
      if (file) this.#replies.sendFile(response, file)
      else if (method === 'GET' && STREAM.test(url)) this.#stream(request, response).catch(refuse)
      else if (method !== 'POST') this.#dispatcher.dispatch(new HttpRequest(this.#replies, request, response))
      else
        this.#bodies.read(
          request,
          response,
          (body) => this.#dispatcher.dispatch(new HttpRequest(this.#replies, request, response, body)),
          refuse,
        )
    } catch (error) {
      refuse(error)
    }
  }

  async #stream(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reader = new HttpRequest(this.#replies, request, response)
    const stream = await this.#dispatcher.openStream(reader, lastEventId(request))
    if (!('batches' in stream)) return reader.answer(stream)
    this.#replies.begin(response, STREAM_HEADERS)
    await sendEvents(response, stream)
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
