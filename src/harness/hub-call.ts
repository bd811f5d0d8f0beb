// Calls of a hub from a hook: one connection, one request after another, within one deadline. A hook runs at every tool call
// of every agent.

import { connect, type Socket } from 'node:net'
import { exchangeOn } from '../http-exchange.js'
import type { Envelope } from '../protocol/envelope.js'

export interface HubAnswer<T> {
  readonly status: number
  readonly envelope: Envelope<T>
}

export class HubCalls {
  readonly #url: URL
  readonly #deadline: number
  #socket: Socket | undefined

  /** `deadlineMs`: for all calls together. `url` is an `http:` address. */
  constructor(url: string, deadlineMs: number) {
    this.#url = new URL(url)
    this.#deadline = Date.now() + deadlineMs
  }

  /** Rejects if no whole answer comes in time. With `key`, the hub takes the request once (PROTOCOL §9). */
  post<T>(path: string, body: object, key?: string): Promise<HubAnswer<T>> {
    return this.#send<T>('POST', path, JSON.stringify(body), key)
  }

  get<T>(path: string): Promise<HubAnswer<T>> {
    return this.#send<T>('GET', path, null)
  }

  delete<T>(path: string): Promise<HubAnswer<T>> {
    return this.#send<T>('DELETE', path, null)
  }

  close(): void {
    this.#socket?.destroy()
    this.#socket = undefined
  }

  async #send<T>(method: string, path: string, body: string | null, key?: string): Promise<HubAnswer<T>> {
    const { protocol, host, pathname } = this.#url
    if (protocol !== 'http:') throw new Error('a hook reaches hubs over http alone')
    this.#socket ??= this.#connect()
    const headers = {
      ...(body !== null && { 'content-type': 'application/json' }),
      ...(key !== undefined && { 'idempotency-key': key }),
    }
    const target = pathname.replace(/\/+$/, '') + path
    const { status, text, isReusable } = await exchangeOn(this.#socket, host, {
      method,
      path: target,
      headers,
      body,
    })
    if (!isReusable) this.close()
    return { status, envelope: JSON.parse(text) as Envelope<T> }
  }

  #connect(): Socket {
    const { hostname, port } = this.#url
    const socket = connect(Number(port || 80), hostname.replace(/^\[|\]$/g, ''))
    const late = () => socket.destroy(new Error('the hub did not answer in time'))
    const timer = setTimeout(late, Math.max(0, this.#deadline - Date.now()))
    socket.once('close', () => clearTimeout(timer)).on('error', () => {})
    return socket
  }
}
