// The page's calls of the hub's API: same origin, JSON in and out. A refusal has the hub's own words. It measures the
// difference between the hub's clock and the browser's, for countdowns.

import type { Envelope } from '../protocol/envelope.js'
import type { Message } from '../protocol/objects.js'
import { messageOf } from './model/message.js'

/** Milliseconds for an answer. After them the call fails. */
const TIMEOUT_MS = 10_000
/** The longest address that a hub reads. Names of old rows may make a longer one. */
const MAX_PATH_CHARS = 12_000

/** The hub refused (it gave a status), or could not be reached (status 0). */
export class HubError extends Error {
  readonly status: number

  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}

let skewMs = 0

/** The hub's time. */
export function hubNow(): number {
  return Date.now() + skewMs
}

async function call<T>(method: string, path: string, body?: object, key?: string): Promise<Envelope<T>> {
  if (path.length > MAX_PATH_CHARS)
    throw new HubError('That name is too long for the hub to be asked about.', 414)
  let response: Response
  let envelope: Envelope<T>
  try {
    response = await fetch(path, {
      method,
      ...(body && { body: JSON.stringify(body) }),
      ...(key !== undefined && { headers: { 'Idempotency-Key': key } }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      cache: 'no-store',
    })
    envelope = await response.json()
  } catch {
    throw new HubError('The hub does not answer.', 0)
  }
  const date = Date.parse(response.headers.get('date') ?? '')
  // The header has whole seconds: a difference below one says nothing.
  if (Number.isFinite(date)) skewMs = Math.abs(date - Date.now()) < 2_000 ? 0 : date - Date.now()
  if (!envelope.ok)
    throw new HubError(envelope.error ?? `the hub answered ${response.status}`, response.status)
  return envelope
}

export async function get<T>(path: string): Promise<T> {
  return (await call<T>('GET', path)).result as T
}

/** One page of a listing with pages, and the cursor of the next one; null on the last page (PROTOCOL §5, §7). */
export async function getPage<T>(path: string): Promise<{ rows: T[]; next: string | null }> {
  const { result, next = null } = await call<T[]>('GET', path)
  return { rows: result ?? [], next }
}

/** With a key, all repetitions of the call have one effect and one answer, from any tab (PROTOCOL §9). */
export async function post<T>(path: string, body: object = {}, key?: string): Promise<T> {
  return (await call<T>('POST', path, body, key)).result as T
}

/** A listing of messages by its path and fixed query, such as `/v1/messages` and `channel=general`. */
export class Listing {
  readonly #address: string

  constructor(path: string, query: Readonly<Record<string, string>> = {}) {
    this.#address = `${path}?${new URLSearchParams(query)}`
  }

  /** The last rows before an id, or of all: `limit` of them unless there are fewer, which `fromStart` says. */
  async before(id: number | undefined, limit: number): Promise<{ rows: Message[]; fromStart: boolean }> {
    let found: Message[] = []
    for (;;) {
      const before = found[0]?.id ?? id
      const position = before === undefined ? 'tail=true' : `before_id=${before}`
      const { rows, isCut } = await this.#page(`${position}&limit=${limit - found.length}`)
      found = [...rows, ...found]
      if (!isCut || found.length >= limit) return { rows: found, fromStart: found.length < limit }
    }
  }

  /** The rows that follow an id, `limit` of them unless there are fewer. */
  async after(sinceId: number, limit: number): Promise<Message[]> {
    const found: Message[] = []
    for (;;) {
      const after = found.at(-1)?.id ?? sinceId
      const { rows, isCut } = await this.#page(`since_id=${after}&limit=${limit - found.length}`)
      found.push(...rows)
      if (!isCut || found.length >= limit) return found
    }
  }

  /** One page. The hub ends it before its limit if the rows are large (PROTOCOL §1). */
  async #page(position: string): Promise<{ rows: Message[]; isCut: boolean }> {
    const { result = [], cut = false } = await call<Message[]>('GET', `${this.#address}&${position}`)
    return { rows: result.map(messageOf), isCut: cut }
  }
}
