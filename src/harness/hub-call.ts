// Calls of a hub from a hook: one connection, one request after another, within one deadline. A hook runs at every tool call
// of every agent, and Node's HTTP client takes longer to load than all the rest of it.

import { connect, type Socket } from 'node:net'
import type { Envelope } from '../protocol/envelope.js'

export interface HubAnswer<T> {
  readonly status: number
  readonly envelope: Envelope<T>
}

interface Head {
  readonly status: number
  readonly bytes: number
  readonly bodyAt: number
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
    return this.#send<T>('GET', path, '')
  }

  delete<T>(path: string): Promise<HubAnswer<T>> {
    return this.#send<T>('DELETE', path, '')
  }

  close(): void {
    this.#socket?.destroy()
  }

  #send<T>(method: string, path: string, body: string, key?: string): Promise<HubAnswer<T>> {
    const { hostname, port, host, protocol, pathname } = this.#url
    if (protocol !== 'http:') return Promise.reject(new Error('a hook reaches hubs over http alone'))
    this.#socket ??= connect(Number(port || 80), hostname.replace(/^\[|\]$/g, ''))
    const socket = this.#socket
    const target = pathname.replace(/\/+$/, '') + path
    const length = Buffer.byteLength(body)
    return new Promise((resolve, reject) => {
      let received = Buffer.alloc(0)
      const finish = (settle: () => void) => {
        clearTimeout(timer)
        socket.removeAllListeners()
        socket.on('error', () => {})
        settle()
      }
      const fail = (why: string) => finish(() => reject(new Error(why)))
      const timer = setTimeout(
        () => {
          socket.destroy()
          fail('the hub did not answer in time')
        },
        Math.max(0, this.#deadline - Date.now()),
      )
      socket.on('error', (error) => fail(error.message))
      socket.on('close', () => fail('the hub closed the connection'))
      socket.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk])
        const head = headOf(received)
        if (!head || received.length < head.bodyAt + head.bytes) return
        const text = received.toString('utf8', head.bodyAt, head.bodyAt + head.bytes)
        finish(() => {
          try {
            resolve({ status: head.status, envelope: JSON.parse(text) as Envelope<T> })
          } catch {
            reject(new Error('the answer is no JSON'))
          }
        })
      })
      const lines = [
        `${method} ${target} HTTP/1.1`,
        `Host: ${host}`,
        'Content-Type: application/json',
        `Content-Length: ${length}`,
        ...(key === undefined ? [] : [`Idempotency-Key: ${key}`]),
      ]
      socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`)
    })
  }
}

/** The status line and the length of an answer; undefined until its head is whole. Our hubs give every answer a length. */
function headOf(received: Buffer): Head | undefined {
  const end = received.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const head = received.toString('latin1', 0, end)
  const status = Number(/^HTTP\/1\.[01] ([0-9]{3})/.exec(head)?.[1])
  const bytes = Number(/^content-length: *([0-9]+)/im.exec(head)?.[1])
  if (Number.isNaN(status) || Number.isNaN(bytes)) throw new Error('not an answer of an Arc hub')
  return { status, bytes, bodyAt: end + 4 }
}
