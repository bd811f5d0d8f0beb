// A storage backend under test, by a clock that the test sets, and the commands and queries that tests give it.

import type { Test } from 'tap'
import type { Message } from '../../src/protocol/objects.js'
import type { Applied, StorageBackend } from '../../src/storage/backend.js'
import type { Command, Query, Submission } from '../../src/storage/commands.js'
import { isRefused, type Outcome } from '../../src/storage/outcome.js'

export type Tested = Pick<
  StorageBackend,
  'apply' | 'query' | 'page' | 'messagesAfter' | 'latestId' | 'hasExpired' | 'pendingShutdown'
>
export type OpenTested = (t: Test, clock: () => number) => Tested | Promise<Tested>

export const PRESENCE_TTL_SEC = 120

export const post = (body: string, fields: object = {}): Command => {
  const input = {
    from_agent: 'ann',
    body,
    kind: 'chat' as const,
    attachments: '[]',
    metadata: '{}',
    ...fields,
  }
  return { op: 'message.post', input }
}
export const open = (agent_id: string, fields: object = {}): Command => {
  const input = {
    agent_id,
    display_name: undefined,
    capabilities: [],
    metadata: '{}',
    replace: false,
    reuse: false,
    ...fields,
  }
  return { op: 'session.open', input }
}
export const claim = (owner_agent_id: string, claim_key: string, fields: object = {}): Command => ({
  op: 'claim.acquire',
  input: { owner_agent_id, claim_key, ttl_sec: 300, metadata: '{}', ...fields },
})
export const lock = (agent_id: string, file_path: string, metadata = '{}'): Command => ({
  op: 'lock.acquire',
  input: { agent_id, file_path, ttl_sec: 300, metadata },
})
export const agents: Query = { op: 'agents.list', input: {} }
export const threads = (input: { limit?: number; cursor?: string } = {}): Query => ({
  op: 'threads.list',
  input,
})
export const tasks = (fields: object = {}): Query => ({ op: 'tasks.list', input: { since_id: 0, ...fields } })

export class Room {
  readonly #backend: Tested
  readonly #clock: { nowMs: number }

  private constructor(backend: Tested, clock: { nowMs: number }) {
    this.#backend = backend
    this.#clock = clock
  }

  static async open(t: Test, openTested: OpenTested): Promise<Room> {
    const clock = { nowMs: Date.parse('2026-01-02T03:04:05.678Z') }
    return new Room(await openTested(t, () => clock.nowMs), clock)
  }

  get nowMs(): number {
    return this.#clock.nowMs
  }

  get backend(): Tested {
    return this.#backend
  }

  async apply(...commands: Command[]): Promise<Applied> {
    return this.#backend.apply(
      commands.map((command) => ({ command })),
      [],
    )
  }

  submit(submissions: Submission[], touched: string[] = []) {
    return this.#backend.apply(submissions, touched)
  }

  /** The one command's outcome: its result, or why it was refused. */
  async does<T = unknown>(command: Command): Promise<T & Record<string, unknown>> {
    const { outcomes } = await this.apply(command)
    return resultOf<T>(outcomes[0] as Outcome)
  }

  async asks<T>(query: Query): Promise<T> {
    return JSON.parse((await this.#backend.query(query)).result) as T
  }

  async bodies(query: object = { channels: ['general'] }): Promise<string[]> {
    const { items } = await this.#backend.page({ sinceId: 0, limit: 100, ...query })
    return items.map((item) => (JSON.parse(item) as Message).body)
  }

  waits(sec: number): void {
    this.#clock.nowMs += sec * 1_000
  }
}

export function resultOf<T>(outcome: Outcome): T & Record<string, unknown> {
  if (typeof outcome === 'string') return JSON.parse(outcome)
  if (isRefused(outcome)) return { refused: outcome.code } as unknown as T & Record<string, unknown>
  return { ...JSON.parse(outcome.result), ...outcome.beside }
}

/** Runs a test with a fresh room. */
export type RoomTest = (name: string, run: (t: Test, room: Room) => Promise<void>) => void
