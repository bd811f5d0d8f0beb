// Requests of HTTP/1.1 on one connection, and their answers. Several may be on their way (RFC 9112, pipelining): the answers come
// in the order of the requests.

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

interface Waiting {
  readonly reader: AnswerReader
  readonly resolve: (answer: HttpAnswer) => void
  readonly reject: (error: Error) => void
}

export class HttpConnection {
  readonly #socket: Socket
  readonly #host: string
  readonly #waiting: Waiting[] = []

  /** @param host the `Host` of the requests */
  constructor(socket: Socket, host: string) {
    this.#socket = socket
    this.#host = host
    socket
      .on('data', (bytes: Buffer) => this.#take(bytes))
      .on('error', (error) => this.#fail(error))
      .on('end', () => this.#end())
      .on('close', () => this.#fail(lost()))
  }

  /** Requests whose answers are not whole. */
  get waiting(): number {
    return this.#waiting.length
  }

  /**
   * Sends at once. An answer whose `isReusable` is false was the connection's last.
   * @throws Error with a `code`: the socket's own, `ECONNRESET` for an answer that breaks off, `HPE_…` for what is no HTTP, and
   *   `ERR_UNESCAPED_CHARACTERS` or `ERR_INVALID_CHAR` for a request that can't be sent
   */
  exchange(request: HttpRequest): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const text = textOf(request, this.#host)
      if (!this.#socket.writable) throw lost() // it has closed, and would never say so again
      this.#waiting.push({ reader: new AnswerReader(), resolve, reject })
      this.#socket.write(text)
    })
  }

  #take(bytes: Buffer): void {
    try {
      for (let rest = bytes; rest.length > 0; ) {
        const [first] = this.#waiting
        if (!first) {
          this.#socket.destroy() // nobody has asked for it
          return
        }
        const answer = first.reader.take(rest)
        if (!answer) return
        rest = first.reader.rest
        this.#waiting.shift()
        const isReusable = answer.isReusable && (rest.length === 0 || this.#waiting.length > 0)
        first.resolve({ ...answer, isReusable })
        if (!isReusable) {
          this.#fail(lost())
          return
        }
      }
    } catch (error) {
      this.#fail(error as Error)
      this.#socket.destroy()
    }
  }

  #end(): void {
    const answer = this.#waiting[0]?.reader.end()
    if (answer) this.#waiting.shift()?.resolve(answer)
    this.#fail(lost())
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
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
