// What the HTTP transport sends by: the connections to one origin. There are two kinds. The pool of an agent
// (`pooled-connections.ts`) is undici's; the plain ones of a command that asks once or twice
// (`plain-connections.ts`) are Node's own, which are there after a tenth of the time.

export interface RawRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  /** Without a byte of the answer; then it fails with one of `TIMEOUT_CODES`. */
  readonly timeoutMs: number
  /** Frees the socket, once there is one. */
  readonly signal: AbortSignal | undefined
}

export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The whole body: nothing is left in the socket. */
  readonly text: string
}

export interface Connections {
  /** Rejects with the library's own error, whose `code` tells what happened. */
  exchange(request: RawRequest): Promise<RawAnswer>
  /** Ends all at once, those under way with `error`. */
  destroy(error: Error): Promise<void>
}

/** Opens nothing yet. */
export type Connect = (origin: string, connectTimeoutMs: number) => Connections

/** The codes by which either kind says that it has waited long enough: for a connection, for an answer. */
export const CONNECT_TIMEOUT_CODE = 'UND_ERR_CONNECT_TIMEOUT'
export const TIMEOUT_CODES: readonly string[] = ['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']
