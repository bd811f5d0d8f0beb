// Plain HTTP calls to a hub over a pool of sockets, without the SDK. Each request arrives unchanged and once, and the test
// sees the answer unchanged. A call ends within its deadline, or rejects.

import type { Test } from 'tap'
import { Pool } from 'undici'
import type { Envelope } from '../../src/protocol/envelope.js'
import type { HubStatus, Message } from '../../src/protocol/objects.js'
import { until } from './waiting.js'

const DEADLINE_MS = 15_000
const PAGE_ROWS = 500

export interface Reply<T> {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly envelope: Envelope<T>
}

export interface PostSettings {
  readonly key?: string | undefined
  readonly deadlineMs?: number
}

export type Query = Readonly<Record<string, string | number | boolean>>

export class Calls {
  readonly #pool: Pool

  /** It opens sockets to the hub on demand. They close with the test. */
  constructor(t: Test, url: string, sockets = 1_024) {
    this.#pool = new Pool(url, { connections: sockets })
    t.teardown(() => this.#pool.destroy())
  }

  post<T>(path: string, body: object, { key, deadlineMs = DEADLINE_MS }: PostSettings = {}) {
    const keyed = key === undefined ? {} : { 'idempotency-key': key }
    return this.#call<T>('POST', path, deadlineMs, { 'content-type': 'application/json', ...keyed }, body)
  }

  get<T>(path: string, query: Query = {}, deadlineMs = DEADLINE_MS): Promise<Reply<T>> {
    const text = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) text.set(name, String(value))
    return this.#call<T>('GET', text.size > 0 ? `${path}?${text}` : path, deadlineMs, {})
  }

  /** Posts a message. Resolves with the stored message. */
  async say(fields: object, settings?: PostSettings): Promise<Message> {
    return resultOf(await this.post<Message>('/v1/messages', { from_agent: 'tester', ...fields }, settings))
  }

  /** Every broadcast of a channel, read page by page. */
  async everythingIn(channel: string): Promise<Message[]> {
    const found: Message[] = []
    for (;;) {
      const query = { channel, since_id: found.at(-1)?.id ?? 0, limit: PAGE_ROWS }
      const page = resultOf(await this.get<Message[]>('/v1/messages', query))
      if (page.length === 0) return found
      found.push(...page)
    }
  }

  /** Resolves when `polls` long-polls are parked at the hub. */
  async waiting(polls: number): Promise<void> {
    await until(`${polls} parked long-polls`, async () => {
      return resultOf(await this.get<HubStatus>('/v1/status')).waiting_polls === polls
    })
  }

  async #call<T>(
    method: 'GET' | 'POST',
    path: string,
    deadlineMs: number,
    headers: Record<string, string>,
    body?: object,
  ): Promise<Reply<T>> {
    const timeouts = { headersTimeout: deadlineMs, bodyTimeout: deadlineMs }
    const text = body === undefined ? null : JSON.stringify(body)
    const response = await this.#pool.request({ method, path, headers, body: text, ...timeouts })
    const envelope = (await response.body.json()) as Envelope<T>
    return { status: response.statusCode, headers: response.headers, envelope }
  }
}

/** The result of a success; throws on a refusal. */
export function resultOf<T>({ status, envelope }: Reply<T>): T {
  if (envelope.ok && envelope.result !== undefined) return envelope.result
  throw new Error(`expected a result, got ${status} ${JSON.stringify(envelope)}`)
}
