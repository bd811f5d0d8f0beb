// One client's connection: it holds the last request, and the callbacks for when the client leaves.
//
// A client may close its side and still read (`printf … | nc -N`), so its requests still get their answers. But the hub
// can't tell it from a client that has died. So long-polls and streams, which may wait for ever, hear that it has left: a
// long-poll is answered at once, a stream ends.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const CONNECTION = Symbol('connection')
const NONE: readonly (() => void)[] = []

type HubSocket = Socket & { [CONNECTION]?: Connection }

export class Connection {
  readonly #socket: Socket
  /** Rarely more than one: a new list for each change is smaller than a set. */
  #callbacks = NONE
  #last: ServerResponse<IncomingMessage> | undefined
  #refused = false

  /** Attaches a `Connection` to a new socket. */
  static accept(socket: HubSocket): void {
    socket[CONNECTION] = new Connection(socket)
    // One function for all connections, as thousands are open.
    socket.on('end', tellLeft).on('close', tellLeft)
  }

  static of(socket: HubSocket): Connection {
    return socket[CONNECTION] as Connection
  }

  private constructor(socket: Socket) {
    this.#socket = socket
  }

  /** The last request's response, unless it is closed. */
  get unanswered(): ServerResponse<IncomingMessage> | undefined {
    return this.#last?.closed === false ? this.#last : undefined
  }

  /** The last request has its answer, but has not arrived whole. The next bytes are its rest. */
  get awaitsRest(): boolean {
    return this.#last?.closed === true && !this.#last.req.complete
  }

  /** The client has closed its side, or the socket is destroyed. */
  get left(): boolean {
    return this.#socket.readableEnded || this.#socket.destroyed
  }

  /** Call it with each request's response. */
  began(response: ServerResponse<IncomingMessage>): void {
    this.#last = response
  }

  /**
   * Call it when a response has been written whole. If its request has arrived whole too, nothing asks for them again; kept
   * until the next request, they would outlive the young generation on every waiting connection.
   */
  answered(response: ServerResponse<IncomingMessage>): void {
    if (this.#last === response && response.req.complete) this.#last = undefined
  }

  /** Calls back when the client leaves, once. */
  onLeft(callback: () => void): void {
    this.#callbacks = this.#callbacks === NONE ? [callback] : [...this.#callbacks, callback]
  }

  offLeft(callback: () => void): void {
    const isOnly = this.#callbacks.length === 1 && this.#callbacks[0] === callback
    this.#callbacks = isOnly ? NONE : this.#callbacks.filter((one) => one !== callback)
  }

  /** Calls back, and forgets the callbacks. */
  tellLeft(): void {
    const callbacks = this.#callbacks
    this.#callbacks = NONE
    for (const callback of callbacks) callback()
  }

  /** True the first time only: the hub answers nothing after a refusal on this connection. */
  firstRefusal(): boolean {
    const isFirst = !this.#refused
    this.#refused = true
    return isFirst
  }
}

function tellLeft(this: HubSocket): void {
  this[CONNECTION]?.tellLeft()
}
