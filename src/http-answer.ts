// Reads one answer of HTTP/1.1 (RFC 9112) from the bytes of a connection. Hooks and commands send one or two requests, and
// Node's own client takes longer to load than the rest of such a program.
//
//   head ─▶ body of a stated length, in chunks, or until the connection ends ─▶ whole
//
// An interim answer (1xx) is skipped. What is no HTTP throws an error with the code that Node's parser would give.

export interface HttpAnswer {
  readonly status: number
  /** The names in lower case; a name that comes again has a list. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The whole body, as UTF-8. */
  readonly text: string
  /** Whether the connection stays open for other requests. */
  readonly isReusable: boolean
}

type Body = 'length' | 'chunks' | 'until end'

const MAX_HEAD_BYTES = 16 * 1024
const HEAD_END = '\r\n\r\n'
const LINE_END = '\r\n'
const BEGINNING = 'HTTP/1.'
const HTTP_1_1 = 'HTTP/1.1 '

export class AnswerReader {
  #received: Buffer = Buffer.alloc(0)
  #status = 0
  #headers: Record<string, string | string[]> | undefined
  #isKept = false
  #body: Body = 'length'
  #bytesLeft = 0
  readonly #parts: Buffer[] = []

  /** The answer, once it is whole. @throws Error with a code `HPE_…` if it is no HTTP */
  take(bytes: Buffer): HttpAnswer | undefined {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes])
    while (!this.#headers) {
      if (!this.#takeHead()) return undefined
    }
    return this.#takeBody() ? this.#whole(this.#isKept) : undefined
  }

  /** What came after the whole answer. */
  get rest(): Buffer {
    return this.#received
  }

  /** The answer that the end of the connection completes. Undefined if it breaks off. */
  end(): HttpAnswer | undefined {
    return this.#headers && this.#body === 'until end' ? this.#whole(false) : undefined
  }

  /** False until the head is whole. An interim answer leaves no headers. */
  #takeHead(): boolean {
    const end = this.#received.indexOf(HEAD_END)
    const beginning = this.#received.toString('latin1', 0, BEGINNING.length)
    if (!BEGINNING.startsWith(beginning)) throw notHttp('HPE_INVALID_CONSTANT')
    if (end > MAX_HEAD_BYTES || (end === -1 && this.#received.length > MAX_HEAD_BYTES))
      throw notHttp('HPE_HEADER_OVERFLOW')
    if (end === -1) return false
    const [first = '', ...lines] = this.#received.toString('latin1', 0, end).split(LINE_END)
    this.#received = this.#received.subarray(end + HEAD_END.length)
    const [, status] = /^HTTP\/1\.[01] ([1-9][0-9]{2})(?: |$)/.exec(first) ?? []
    if (status === undefined) throw notHttp('HPE_INVALID_STATUS')
    this.#status = Number(status)
    if (this.#status < 200) return true
    this.#headers = headersOf(lines)
    const { connection = '' } = this.#headers
    this.#isKept = first.startsWith(HTTP_1_1) && !/\bclose\b/i.test(`${connection}`)
    this.#body = this.#framing(this.#headers)
    return true
  }

  #framing({
    'transfer-encoding': encoding,
    'content-length': length,
  }: Record<string, string | string[]>): Body {
    if (this.#status === 204 || this.#status === 304) return 'length'
    if (encoding !== undefined) {
      if (/^chunked$/i.test(`${encoding}`)) return 'chunks'
      throw notHttp('HPE_INVALID_TRANSFER_ENCODING')
    }
    if (length === undefined) return 'until end'
    if (typeof length !== 'string' || !/^[0-9]{1,15}$/.test(length))
      throw notHttp('HPE_INVALID_CONTENT_LENGTH')
    this.#bytesLeft = Number(length)
    return 'length'
  }

  /** Whether the body is whole. */
  #takeBody(): boolean {
    if (this.#body === 'chunks') return this.#takeChunks()
    const isEndless = this.#body === 'until end'
    const part = isEndless ? this.#received : this.#received.subarray(0, this.#bytesLeft)
    this.#received = this.#received.subarray(part.length)
    this.#parts.push(part)
    this.#bytesLeft -= isEndless ? 0 : part.length
    return !isEndless && this.#bytesLeft === 0
  }

  #takeChunks(): boolean {
    for (;;) {
      const lineEnd = this.#received.indexOf(LINE_END)
      if (lineEnd === -1) {
        if (this.#received.length > MAX_HEAD_BYTES) throw notHttp('HPE_INVALID_CHUNK_SIZE')
        return false
      }
      const line = this.#received.toString('latin1', 0, lineEnd)
      const [, size] = /^([0-9a-f]{1,12})[\t ]*(?:;|$)/i.exec(line) ?? []
      if (size === undefined) throw notHttp('HPE_INVALID_CHUNK_SIZE')
      const bytes = Number.parseInt(size, 16)
      if (bytes === 0) return this.#takeTrailer(lineEnd)
      const from = lineEnd + LINE_END.length
      const to = from + bytes
      if (this.#received.length < to + LINE_END.length) return false
      if (this.#received.toString('latin1', to, to + LINE_END.length) !== LINE_END)
        throw notHttp('HPE_STRICT')
      this.#parts.push(this.#received.subarray(from, to))
      this.#received = this.#received.subarray(to + LINE_END.length)
    }
  }

  /** After the last chunk come fields that nobody needs, and an empty line. */
  #takeTrailer(lineEnd: number): boolean {
    const end = this.#received.indexOf(HEAD_END, lineEnd)
    if (end === -1) return false
    this.#received = this.#received.subarray(end + HEAD_END.length)
    return true
  }

  #whole(isReusable: boolean): HttpAnswer {
    const text = Buffer.concat(this.#parts).toString('utf8')
    return { status: this.#status, headers: this.#headers ?? {}, text, isReusable }
  }
}

function headersOf(lines: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = Object.create(null)
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon < 1) throw notHttp('HPE_INVALID_HEADER_TOKEN')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    const before = headers[name]
    headers[name] = before === undefined ? value : [before, value].flat()
  }
  return headers
}

function notHttp(code: string): Error {
  return Object.assign(new Error('the answer is not HTTP'), { code })
}
