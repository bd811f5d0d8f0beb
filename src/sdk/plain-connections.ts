// Connections on bare sockets, for a command that sends one or two requests. Loading a client of HTTP would take longer than
// the rest of such a command. A connection that has answered waits for the next request.

import { connect as connectPlain, type Socket } from 'node:net'
import { exchangeOn } from '../http-exchange.js'
import {
  CONNECT_TIMEOUT_CODE,
  type Connect,
  type RawAnswer,
  type RawRequest,
  TIMEOUT_CODES,
} from './connections.js'

export const plainConnections: Connect = (origin, connectTimeoutMs) => {
  const url = new URL(origin)
  const open = new Set<Socket>()
  const idle: Socket[] = []
  let destroyed: Error | undefined

  const connect = async () => {
    const socket = await newSocket(url)
    const connected = url.protocol === 'https:' ? 'secureConnect' : 'connect'
    const late = () =>
      socket.destroy(
        Object.assign(new Error(`no connection within ${connectTimeoutMs} ms`), {
          code: CONNECT_TIMEOUT_CODE,
        }),
      )
    const timer = setTimeout(late, connectTimeoutMs)
    const settled = () => clearTimeout(timer)
    socket.once(connected, settled).once('close', settled)
    socket.on('error', () => {}) // whoever waits for an answer is told; a connection that waits is closed
    socket.once('close', () => {
      open.delete(socket)
      const at = idle.indexOf(socket)
      if (at !== -1) idle.splice(at, 1)
    })
    open.add(socket)
    return socket
  }

  const send = async (socket: Socket, request: RawRequest): Promise<RawAnswer> => {
    const { timeoutMs, signal } = request
    const late = () =>
      socket.destroy(Object.assign(new Error(`no answer within ${timeoutMs} ms`), { code: TIMEOUT_CODES[0] }))
    const aborted = () => socket.destroy(signal?.reason)
    socket.ref()
    socket.setTimeout(timeoutMs, late)
    signal?.addEventListener('abort', aborted)
    try {
      const answer = await exchangeOn(socket, url.host, request)
      if (answer.isReusable) {
        idle.push(socket)
        socket.unref() // it keeps no process alive
      } else socket.destroy()
      return answer
    } catch (error) {
      socket.destroy()
      throw error
    } finally {
      signal?.removeEventListener('abort', aborted)
      socket.setTimeout(0)
      socket.off('timeout', late)
    }
  }

  return {
    exchange: async (request) => {
      const socket = idle.pop() ?? (await connect())
      if (destroyed) socket.destroy(destroyed)
      if (request.signal?.aborted) socket.destroy()
      return send(socket, request)
    },
    destroy: async (error) => {
      destroyed = error
      for (const socket of open) socket.destroy(error)
    },
  }
}

async function newSocket({ protocol, hostname, port }: URL): Promise<Socket> {
  const host = hostname.replace(/^\[|\]$/g, '')
  if (protocol !== 'https:') return connectPlain({ host, port: Number(port || 80), noDelay: true })
  const { connect } = await import('node:tls')
  const servername = /^[0-9.]+$|:/.test(host) ? '' : host // an address has no name to ask for
  return connect({ host, port: Number(port || 443), servername, ALPNProtocols: ['http/1.1'] })
}
