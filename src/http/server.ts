// The HTTP door: it passes requests from sockets to the dispatcher. It owns the listening socket, and the time-outs against
// slow or silent clients. `stop` ends it: it takes no new connections, answers the parked requests, and then closes every
// connection that is still open.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import { failureOf } from '../protocol/envelope.js'
import { ArcError, methodNotAllowed } from '../protocol/errors.js'
import { type Limits, maxRequestBytes } from '../protocol/limits.js'
import { Bodies } from './body.js'
import { Connection } from './connection.js'
import type { Guard } from './guard.js'
import { malformed, type ParserError } from './malformed.js'
import { isGone, Replies } from './replies.js'
import { HttpRequest } from './request.js'
import { Site } from './site.js'
import { lastEventId, STREAM_HEADERS, sendEvents } from './stream.js'
import { absoluteForm, SERVER } from './target.js'

/** Milliseconds for a request's headers to arrive; `REQUEST_TIMEOUT_MS` is for the whole request. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 60_000
/** Milliseconds for an idle connection: longer than clients keep one, so that the clients close them. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000
/** Milliseconds for requests in progress after the door begins to close. */
const DRAIN_MS = 3_000
const METHODS = ['GET', 'POST', 'DELETE']
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
    this.#replies = new Replies({
      instanceId: dispatcher.instanceId,
      methodsAt: (target) => this.#methodsAt(target),
    })
    this.#bodies = new Bodies(maxRequestBytes(limits))
    this.#server = createServer(
      {
        headersTimeout: HEADERS_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
        connectionsCheckingInterval: HEADERS_TIMEOUT_MS / 2,
        requireHostHeader: false, // the guard refuses such a request, in the protocol's words
      },
      (_request, response) => this.#handle(response),
    )
    // A client may close its side before its answer. By default Node would then drop the request.
    Object.assign(this.#server, { httpAllowHalfOpen: true })
    this.#server
      .on('connection', (socket) => Connection.accept(socket))
      .on('checkContinue', (_request, response) => this.#handle(response, true))
      .on('checkExpectation', (_request, response) => this.#refuseExpectation(response))
      .on('connect', (request) => this.#refuseTunnel(request))
      .on('clientError', (error: ParserError, socket) => this.#refuseMalformed(error, socket as Socket))
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
    this.#dispatcher.end() // these connections close after their answers
    const cutOff = setTimeout(() => this.#server.closeAllConnections(), DRAIN_MS)
    await closed
    clearTimeout(cutOff)
  }

  /** `expectsContinue`: the client waits for "100 Continue" before it sends the body. */
  #handle(response: ServerResponse<IncomingMessage>, expectsContinue = false): void {
    const request = response.req
    if (isGone(response)) return
    const refuse = (error: unknown) => this.#replies.refuse(response, failureOf(error))
    Connection.of(request.socket).began(response)
    try {
      const { method = '', url = '' } = this.#admit(request)
      const isRead = method === 'GET' || method === 'HEAD'
      const file = isRead && this.#site.answer(url, request.headers)
      if (file) this.#replies.sendFile(response, file)
      else if (isRead && STREAM.test(url)) this.#stream(response).catch(refuse)
      else if (method === 'POST') {
        const read = (body: Buffer) =>
          this.#dispatcher.dispatch(new HttpRequest(this.#replies, response, body))
        this.#bodies.read(request, response, read, refuse, expectsContinue)
      } else if (!isRead && (url === SERVER || this.#site.hasAsset(url))) {
        throw methodNotAllowed(method, url, this.#methodsAt(url))
      } else this.#dispatcher.dispatch(new HttpRequest(this.#replies, response))
    } catch (error) {
      refuse(error)
    }
  }

  /** Checks a request by the guard, and makes its target a path. @throws ArcError 403 */
  #admit(request: IncomingMessage): IncomingMessage {
    const whole = absoluteForm(request.url ?? '')
    if (whole) request.url = whole.path
    this.#guard.check(request, whole?.authority)
    return request
  }

  #refuseExpectation(response: ServerResponse<IncomingMessage>): void {
    if (isGone(response)) return
    Connection.of(response.req.socket).began(response)
    try {
      this.#admit(response.req)
      const { expect } = response.req.headers
      throw new ArcError('expectation_failed', `the hub knows Expect: 100-continue, and not "${expect}"`)
    } catch (error) {
      this.#replies.refuse(response, failureOf(error))
    }
  }

  /** Refuses CONNECT, for which Node creates no response: the hub is no proxy. */
  #refuseTunnel(request: IncomingMessage): void {
    const error = methodNotAllowed('CONNECT', 'any address', METHODS)
    this.#replies.refuseConnection(request.socket, failureOf(error))
  }

  /** Refuses malformed HTTP. Earlier requests on the connection get their answers first. */
  #refuseMalformed(error: ParserError, socket: Socket): void {
    const connection = Connection.of(socket)
    if (!connection.firstRefusal()) return
    if (error.code === 'ECONNRESET') return void socket.destroy()
    const answer = failureOf(malformed(error))
    const { unanswered } = connection
    if (connection.awaitsRest) socket.end()
    else if (!unanswered) this.#replies.refuseConnection(socket, answer)
    else if (unanswered.req.complete)
      unanswered.once('close', () => this.#replies.refuseConnection(socket, answer))
    else if (unanswered.writableEnded) unanswered.once('close', () => socket.end())
    else if (unanswered.headersSent) this.#replies.expectNoRest(unanswered)
    else this.#replies.refuse(unanswered, answer)
  }

  #methodsAt(target: string): readonly string[] {
    if (target === SERVER || target === '') return METHODS
    const path = target.split('?', 1)[0] ?? ''
    return this.#site.hasAsset(path) ? ['GET'] : this.#dispatcher.methodsAt(path)
  }

  async #stream(response: ServerResponse<IncomingMessage>): Promise<void> {
    const { instanceId } = this.#dispatcher
    const reader = new HttpRequest(this.#replies, response)
    const stream = await this.#dispatcher.openStream(reader, lastEventId(response.req, instanceId))
    if (!('batches' in stream)) return reader.answer(stream)
    if (isGone(response)) return
    this.#replies.begin(response, STREAM_HEADERS)
    if (response.req.method === 'HEAD') return void response.end()
    await sendEvents(response, stream, instanceId)
  }
}

const NO_SUCH_HOST = ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'ENOTFOUND', 'EAI_AGAIN']

function listenError(error: NodeJS.ErrnoException, host: string, port: number): ArcError {
  if (error.code === 'EADDRINUSE') {
    const text = `port ${port} on ${host} is taken by another program; stop that program, or choose another port with --port`
    return new ArcError('port_in_use', text, { cause: error })
  }
  if (error.code && NO_SUCH_HOST.includes(error.code)) {
    const text = `this machine has no address ${host} to listen on (${error.message}); choose another with --host`
    return new ArcError('start_failed', text, { cause: error })
  }
  const text = `cannot listen on ${host} port ${port} (${error.message}); choose others with --host and --port`
  return new ArcError('start_failed', text, { cause: error })
}
