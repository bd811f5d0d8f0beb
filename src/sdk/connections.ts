// The connections of the HTTP transport to one origin. There are two kinds: undici's pool for an agent
// (`pooled-connections.ts`), and bare sockets for a command that sends one or two requests (`plain-connections.ts`),
// which load in a tenth of the time.

export interface RawRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  /** Milliseconds without a byte of the answer; after them it fails with one of `TIMEOUT_CODES`. */
  readonly timeoutMs: number
  /** Its abort frees the socket, once there is one. */
  readonly signal: AbortSignal | undefined
}

export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The whole body. */
  readonly text: string
}

/** An answer whose body is read as it comes. */
export interface RawStream extends Omit<RawAnswer, 'text'> {
  readonly body: AsyncIterable<Uint8Array>
}

export interface Connections {
  /** Rejects with the library's own error, whose `code` says what happened. */
  exchange(request: RawRequest): Promise<RawAnswer>
  /** The same for an answer that does not end. Absent: these connections are for short requests. */
  open?(request: RawRequest): Promise<RawStream>
  /** Closes all connections at once; requests in progress reject with `error`. */
  destroy(error: Error): Promise<void>
}

/** Opens no connection; the first request does. */
export type Connect = (origin: string, connectTimeoutMs: number) => Connections

/** Both kinds use these codes for a time-out: of the connect, and of the answer. */
export const CONNECT_TIMEOUT_CODE = 'UND_ERR_CONNECT_TIMEOUT'
export const TIMEOUT_CODES: readonly string[] = ['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']

export interface ConnectionError {
  readonly name: string
  readonly code: string
  readonly message: string
  /** Whether the request never left: there was no connection. */
  readonly isUnconnected: boolean
}

/** What an `exchange` rejected with. A host with several addresses fails with one error for each; this takes the first. */
export function connectionError(error: unknown): ConnectionError {
  const one: unknown = error instanceof AggregateError ? error.errors[0] : error
  if (!(one instanceof Error))
    return { name: '', code: 'unknown', message: String(one), isUnconnected: false }
  const { code = 'unknown', syscall, name, message } = one as NodeJS.ErrnoException
  const isUnconnected = syscall === 'connect' || syscall === 'getaddrinfo' || code === CONNECT_TIMEOUT_CODE
  return { name, code, message, isUnconnected }
}
