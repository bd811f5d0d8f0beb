// The transport of a client that nobody told where its hub is. It finds the hub by the one rule (hub-address.ts) before its first
// request, and again when no hub answers there: one that was started again may have another port.

import { ArcError } from '../protocol/errors.js'
import { type FoundHub, isNoHub } from './hub-address.js'
import type { Transport, TransportAnswer, TransportRequest, TransportStream } from './transport.js'
import { closedError } from './waiting.js'

export class FoundTransport implements Transport {
  readonly #find: () => FoundHub
  readonly #connect: (hub: FoundHub) => Transport
  /** By address; the last one is in use. */
  readonly #opened = new Map<string, Transport>()
  #hub: FoundHub | undefined
  #isClosed = false

  /** `hub`: where it is now. Undefined: none runs, which the first request tells if it is so by then. */
  constructor(find: () => FoundHub, connect: (hub: FoundHub) => Transport, hub: FoundHub | undefined) {
    this.#find = find
    this.#connect = connect
    this.#hub = hub
  }

  async request(request: TransportRequest): Promise<TransportAnswer> {
    return this.#send((transport) => transport.request(request))
  }

  async open(request: TransportRequest): Promise<TransportStream> {
    return this.#send((transport) => {
      if (!transport.open) throw new ArcError('invalid_request', 'these connections have no streams')
      return transport.open(request)
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#opened.values()].map((transport) => transport.close()))
  }

  /** What no hub has taken is sent to the one that has taken its place. */
  async #send<T>(send: (transport: Transport) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw closedError()
    const hub = this.#hub ?? this.#find()
    this.#hub = hub
    try {
      return await send(this.#at(hub))
    } catch (error) {
      if (!isNoHub(error) || !this.#hasMoved(hub)) throw error
      return send(this.#at(this.#hub))
    }
  }

  /** Whether the hub is elsewhere now. */
  #hasMoved(from: FoundHub): boolean {
    try {
      const now = this.#find()
      if (now.isDefault || now.url === from.url) return false
      this.#hub = now
      return true
    } catch {
      return false // it is stopped
    }
  }

  #at(hub: FoundHub): Transport {
    let transport = this.#opened.get(hub.url)
    if (!transport) {
      transport = this.#connect(hub)
      this.#opened.set(hub.url, transport)
    }
    return transport
  }
}
