// Calls of a hub from a hook: one connection, one request after another, within one deadline. A hook runs at every tool call
// of every agent.

import { connect } from 'node:net'
import { HttpConnection } from '../http-exchange.js'
import type { Envelope } from '../protocol/envelope.js'

export interface HubAnswer<T> {
  readonly status: number
  readonly envelope: Envelope<T>
}

export class HubCalls {
  readonly #url: URL
  readonly #deadline: number
  #connection: { readonly http: HttpConnection; destroy(): void } | undefined

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
    this.#connection?.destroy()
    this.#connection = undefined
  }

  async #send<T>(method: string, path: string, body: string | null, key?: string): Promise<HubAnswer<T>> {
    const { protocol, pathname } = this.#url
    if (protocol !== 'http:') throw new Error('a hook reaches hubs over http alone')
    this.#connection ??= this.#connect()
    const headers = {
      ...(body !== null && { 'content-type': 'application/json' }),
      ...(key !== undefined && { 'idempotency-key': key }),
    }
    const target = pathname.replace(/\/+$/, '') + path
    const request = { method, path: target, headers, body }
    const { status, text, isReusable } = await this.#connection.http.exchange(request)
    if (!isReusable) this.close()
    return { status, envelope: JSON.parse(text) as Envelope<T> }
  }

  #connect() {
    const { host, hostname, port } = this.#url
    const socket = connect(Number(port || 80), hostname.replace(/^\[|\]$/g, ''))
    const late = () => socket.destroy(new Error('the hub did not answer in time'))
    const timer = setTimeout(late, Math.max(0, this.#deadline - Date.now()))
    socket.once('close', () => clearTimeout(timer))
    return { http: new HttpConnection(socket, host), destroy: () => socket.destroy() }
  }
}
