// Connections on bare sockets, for a command that sends a few requests. Loading a client of HTTP would take longer than the
// rest of such a command. A connection that has answered waits for the next request.

import { connect as connectPlain, type Socket } from 'node:net'
import { HttpConnection } from '../http-exchange.js'
import {
  CONNECT_TIMEOUT_CODE,
  type Connect,
  type Connections,
  type RawAnswer,
  type RawRequest,
  TIMEOUT_CODES,
} from './connections.js'

/** Each request has a connection of its own until it is answered. */
export const plainConnections: Connect = (origin, connectTimeoutMs) =>
  new PlainConnections(origin, connectTimeoutMs, false)

/**
 * The same, but requests do not wait for the answer to a connection's first one, which registers the agent: they follow on the
 * same connection. For a hub of ours, which carries them out in their order; one that closes the connection after each answer
 * would lose them.
 */
export const followingConnections: Connect = (origin, connectTimeoutMs) =>
  new PlainConnections(origin, connectTimeoutMs, true)

interface Connection {
  readonly socket: Socket
  readonly http: HttpConnection
  hasAnswered: boolean
}

class PlainConnections implements Connections {
  readonly #url: URL
  readonly #connectTimeoutMs: number
  readonly #follows: boolean
  readonly #open = new Set<Connection>()
  readonly #idle: Connection[] = []
  #newest: Connection | undefined
  #destroyed: Error | undefined

  constructor(origin: string, connectTimeoutMs: number, follows: boolean) {
    this.#url = new URL(origin)
    this.#connectTimeoutMs = connectTimeoutMs
    this.#follows = follows
  }

  async exchange(request: RawRequest): Promise<RawAnswer> {
    const connection = this.#idle.pop() ?? this.#unanswered() ?? this.#connect()
    if (this.#destroyed) connection.socket.destroy(this.#destroyed)
    if (request.signal?.aborted) connection.socket.destroy()
    return this.#send(connection, request)
  }

  async destroy(error: Error): Promise<void> {
    this.#destroyed = error
    for (const { socket } of this.#open) socket.destroy(error)
  }

  /** The connection whose first request waits, if others may follow it. */
  #unanswered(): Connection | undefined {
    return this.#follows && this.#newest?.hasAnswered === false ? this.#newest : undefined
  }

  #connect(): Connection {
    const socket = newSocket(this.#url)
    const connection = { socket, http: new HttpConnection(socket, this.#url.host), hasAnswered: false }
    const connected = this.#url.protocol === 'https:' ? 'secureConnect' : 'connect'
    const ms = this.#connectTimeoutMs
    const late = () =>
      socket.destroy(
        Object.assign(new Error(`no connection within ${ms} ms`), { code: CONNECT_TIMEOUT_CODE }),
      )
    const timer = setTimeout(late, ms)
    const settled = () => clearTimeout(timer)
    socket.once(connected, settled).once('close', settled)
    socket.once('close', () => {
      connection.hasAnswered = true // it takes no other request
      this.#open.delete(connection)
      const at = this.#idle.indexOf(connection)
      if (at !== -1) this.#idle.splice(at, 1)
    })
    this.#open.add(connection)
    this.#newest = connection
    return connection
  }

  async #send(connection: Connection, request: RawRequest): Promise<RawAnswer> {
    const { socket, http } = connection
    const { timeoutMs, signal } = request
    const late = () =>
      socket.destroy(Object.assign(new Error(`no answer within ${timeoutMs} ms`), { code: TIMEOUT_CODES[0] }))
    const aborted = () => socket.destroy(signal?.reason)
    socket.ref()
    socket.setTimeout(timeoutMs, late)
    signal?.addEventListener('abort', aborted)
    try {
      const answer = await http.exchange(request)
      connection.hasAnswered = true
      if (!answer.isReusable) socket.destroy()
      else if (http.waiting === 0) {
        this.#idle.push(connection)
        socket.unref() // it keeps no process alive
      }
      return answer
    } catch (error) {
      socket.destroy()
      throw error
    } finally {
      signal?.removeEventListener('abort', aborted)
      socket.off('timeout', late)
      if (http.waiting === 0) socket.setTimeout(0)
    }
  }
}

function newSocket({ protocol, hostname, port }: URL): Socket {
  const host = hostname.replace(/^\[|\]$/g, '')
  if (protocol !== 'https:') return connectPlain({ host, port: Number(port || 80), noDelay: true })
  const { connect } = process.getBuiltinModule('node:tls')
  const servername = /^[0-9.]+$|:/.test(host) ? '' : host // an address has no name to ask for
  return connect({ host, port: Number(port || 443), servername, ALPNProtocols: ['http/1.1'] })
}
