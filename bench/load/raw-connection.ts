// One keep-alive connection without a client library. It writes requests as text, and reads only the status line and the
// length of an answer. So it costs little more than Node's sockets, and takes least from the server on the same machine.
// Answers must have a Content-Length.

import { connect, type Socket } from 'node:net'

export interface RawRequest {
  readonly method: string
  readonly path: string
  /** JSON. */
  readonly body?: string
}

export interface RawAnswer {
  readonly status: number
  /** The body, in Latin-1: for an error message. */
  readonly text: string
}

const BUFFER_BYTES = 64 * 1024

export class RawConnection {
  readonly #host: string
  readonly #socket: Socket
  /** The answer so far, in Latin-1, until its head is complete. */
  #head = ''
  /** Bytes of the body that have not arrived. */
  #missing = 0
  #status = 0
  #waiting: { resolve(answer: RawAnswer): void; reject(error: Error): void } | undefined

  constructor(url: string) {
    const { host, hostname, port } = new URL(url)
    this.#host = host
    this.#socket = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafe(BUFFER_BYTES),
        callback: (bytes, buffer) => {
          this.#read(buffer as Buffer, bytes)
          return true
        },
      },
    })
    this.#socket.on('error', (error) => this.#waiting?.reject(error))
    this.#socket.on('close', () => this.#waiting?.reject(new Error(`${host} has closed the connection`)))
  }

  /** Sends a request and reads the whole answer. One at a time. */
  exchange({ method, path, body }: RawRequest): Promise<RawAnswer> {
    if (this.#socket.destroyed) return Promise.reject(new Error(`${this.#host} has closed the connection`))
    const content =
      body === undefined
        ? ''
        : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`
    this.#socket.write(`${method} ${path} HTTP/1.1\r\nHost: ${this.#host}\r\n${content}\r\n${body ?? ''}`)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  async close(): Promise<void> {
    this.#waiting = undefined
    this.#socket.destroy()
  }

  #read(buffer: Buffer, bytes: number): void {
    if (this.#missing > 0) this.#missing -= bytes
    else {
      this.#head += buffer.toString('latin1', 0, bytes)
      const end = this.#head.indexOf('\r\n\r\n')
      if (end === -1) return
      const length = /\r\ncontent-length: *([0-9]+)/i.exec(this.#head)?.[1]
      if (length === undefined) throw new Error('an answer without a Content-Length')
      this.#status = Number(this.#head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length))
      this.#missing = end + 4 + Number(length) - this.#head.length
    }
    if (this.#missing > 0) return
    const [waiting, text] = [this.#waiting, this.#head]
    this.#waiting = undefined
    this.#head = ''
    waiting?.resolve({ status: this.#status, text })
  }
}
