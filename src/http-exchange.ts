// Sends one request of HTTP/1.1 on a connection, and reads its answer.

import type { Socket } from 'node:net'
import { AnswerReader, type HttpAnswer } from './http-answer.js'

export interface HttpRequest {
  readonly method: string
  /** With its query. */
  readonly path: string
  /** Besides those of the connection and of the body's length. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

/**
 * The connection is for one request at a time. An answer whose `isReusable` is false was its last.
 * @param host the `Host` of the request
 * @throws Error with a `code`: the socket's own, `ECONNRESET` for an answer that breaks off, `HPE_…` for what is no HTTP, and
 *   `ERR_UNESCAPED_CHARACTERS` or `ERR_INVALID_CHAR` for a request that can't be sent
 */
export function exchangeOn(socket: Socket, host: string, request: HttpRequest): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const bytes = textOf(request, host)
    if (!socket.writable) throw lost() // it has closed, and would never say so again
    const reader = new AnswerReader()
    const listeners = {
      data: (chunk: Buffer) => {
        try {
          const answer = reader.take(chunk)
          if (answer) settle(() => resolve(answer))
        } catch (error) {
          settle(() => reject(error))
          socket.destroy()
        }
      },
      error: (error: Error) => settle(() => reject(error)),
      end: () => {
        const answer = reader.end()
        settle(() => (answer ? resolve(answer) : reject(lost())))
      },
      close: () => settle(() => reject(lost())),
    }
    const settle = (outcome: () => void) => {
      for (const [event, listener] of Object.entries(listeners)) socket.off(event, listener)
      outcome()
    }
    for (const [event, listener] of Object.entries(listeners)) socket.on(event, listener)
    socket.write(bytes)
  })
}

/** A line break in a path or header would begin another request. */
function textOf({ method, path, headers, body }: HttpRequest, host: string): string {
  if (/[^\x21-\x7e]/.test(path)) throw unfit('ERR_UNESCAPED_CHARACTERS', 'the path has unescaped characters')
  const length = body === null && method !== 'POST' ? {} : { 'content-length': Buffer.byteLength(body ?? '') }
  const fields = Object.entries({ host, connection: 'keep-alive', ...headers, ...length }).map(
    ([name, value]) => {
      if (/[^\t\x20-\x7e]/.test(`${value}`))
        throw unfit('ERR_INVALID_CHAR', `the header ${name} has an invalid character`)
      return `${name}: ${value}\r\n`
    },
  )
  return `${method} ${path} HTTP/1.1\r\n${fields.join('')}\r\n${body ?? ''}`
}

const unfit = (code: string, text: string) => Object.assign(new TypeError(text), { code })

const lost = () =>
  Object.assign(new Error('the connection was lost before the answer was whole'), { code: 'ECONNRESET' })
