// The page's calls of the hub's API: same origin, JSON in and out. A refusal has the hub's own words. It measures the
// difference between the hub's clock and the browser's, for countdowns.

import type { Envelope } from '../protocol/envelope.js'
import type { Message } from '../protocol/objects.js'
import { messageOf } from './model/message.js'

/** Milliseconds for an answer. After them the call fails. */
const TIMEOUT_MS = 10_000
/** The longest address that a hub reads. Names of old rows may make a longer one. */
const MAX_PATH_CHARS = 12_000
const PAGE_ROWS = 500

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

  /** The last rows, `limit` of them unless there are fewer. */
  async newest(limit: number): Promise<Message[]> {
    const { rows, isCut } = await this.#page(`tail=true&limit=${limit}`)
    const [first] = rows
    if (!isCut || !first) return rows
    const before = await this.before(first.id)
    return [...before.rows, ...rows].slice(-limit)
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

  /**
   * The rows right before an id. The protocol pages forward only, so it reads a page from an earlier id: from further back if
   * the page is empty, from nearer if the page ends too early. A page has up to 500 rows, so one that begins 500 ids earlier
   * reaches the id.
   */
  async before(id: number): Promise<{ rows: Message[]; fromStart: boolean }> {
    for (let span = PAGE_ROWS; ; ) {
      const sinceId = Math.max(0, id - 1 - span)
      const page = await this.after(sinceId, PAGE_ROWS)
      const rows = page.filter((message) => message.id < id)
      const reaches = page.length < PAGE_ROWS || rows.length < page.length || page.at(-1)?.id === id - 1
      if (!reaches) span = Math.max(PAGE_ROWS, Math.floor(span / 2))
      else if (rows.length > 0 || sinceId === 0) return { rows, fromStart: sinceId === 0 }
      else span *= 8
    }
  }

  /** One page. The hub ends it before its limit if the rows are large (PROTOCOL §1). */
  async #page(position: string): Promise<{ rows: Message[]; isCut: boolean }> {
    const { result = [], cut = false } = await call<Message[]>('GET', `${this.#address}&${position}`)
    return { rows: result.map(messageOf), isCut: cut }
  }
}
