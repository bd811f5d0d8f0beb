// One client's connection: which request came last on it, and who is to be told when the client leaves.
//
// A client may close its side and still read (`printf … | nc -N`), so its end is no reason to drop what it has asked. But
// nothing tells it from a client that has died. So whoever only waits, for a message that may never come, is told of it:
// a long-poll is answered with what there is, a stream ends.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const CONNECTION = Symbol('connection')

export class Connection {
  readonly #socket: Socket
  readonly #waiting = new Set<() => void>()
  #last: ServerResponse<IncomingMessage> | undefined
  #refused = false

  /** Watches a connection that was just accepted. */
  static accept(socket: Socket & { [CONNECTION]?: Connection }): void {
    socket[CONNECTION] = new Connection(socket)
  }

  static of(socket: Socket & { [CONNECTION]?: Connection }): Connection {
    return socket[CONNECTION] as Connection
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    const left = () => {
      for (const callback of this.#waiting) callback()
    }
    socket.once('end', left).once('close', left)
  }

  /** The answer to the request that came last, unless it is over. */
  get unanswered(): ServerResponse<IncomingMessage> | undefined {
    return this.#last?.closed === false ? this.#last : undefined
  }

  /** The client has closed its side, or is gone. */
  get left(): boolean {
    return this.#socket.readableEnded || this.#socket.destroyed
  }

  /** A request has come. */
  began(response: ServerResponse<IncomingMessage>): void {
    this.#last = response
  }

  /** Calls back when the client leaves, once. */
  onLeft(callback: () => void): void {
    this.#waiting.add(callback)
  }

  offLeft(callback: () => void): void {
    this.#waiting.delete(callback)
  }

  /** True for the first time only: what follows on this connection is not to be answered. */
  refuse(): boolean {
    const isFirst = !this.#refused
    this.#refused = true
    return isFirst
  }
}
