// Channels (PROTOCOL §4). `general` and `direct` always exist.

import { success } from '../../protocol/envelope.js'
import { invalid, notFound } from '../../protocol/errors.js'
import { DEFAULT_CHANNEL, DIRECT_CHANNEL, SYSTEM_AGENT } from '../../protocol/limits.js'
import type { Channel } from '../../protocol/objects.js'
import type { CommandHandlers, QueryHandlers } from '../commands.js'
import { allOf } from './bounded.js'
import { nowSeconds, parseJson, type SqliteContext } from './context.js'

interface ChannelRow {
  name: string
  created_at: string
  created_by: string | null
  metadata_json: string | null
}

const toChannel = ({ metadata_json, ...row }: ChannelRow): Channel => ({
  ...row,
  metadata: parseJson(metadata_json, {}),
})

export class Channels {
  readonly #find
  readonly #exists
  readonly #insert
  readonly #all
  /** Channels that the transaction under way has found: it sees no others. */
  #found = new Set<string>()

  constructor({ db }: SqliteContext) {
    this.#find = db.prepare<[string], ChannelRow>('SELECT * FROM channels WHERE name = ?')
    this.#exists = db.prepare<[string], number>('SELECT 1 FROM channels WHERE name = ?').pluck()
    this.#insert = db.prepare(
      'INSERT OR IGNORE INTO channels (name, created_at, created_by, metadata_json) VALUES (?, ?, ?, ?)',
    )
    this.#all = db.prepare<[], ChannelRow>('SELECT * FROM channels ORDER BY name')
    for (const name of [DEFAULT_CHANNEL, DIRECT_CHANNEL])
      this.#insert.run(name, nowSeconds(), SYSTEM_AGENT, '{}')
  }

  /** When `general` was created: half of what names the stored state (PROTOCOL §8). */
  get foundedAt(): string {
    return this.#find.get(DEFAULT_CHANNEL)?.created_at ?? ''
  }

  exists(name: string): boolean {
    return this.#exists.get(name) === 1
  }

  /** @throws ArcError 404 for a reader of an unknown channel */
  mustExistToRead(name: string): void {
    if (!this.exists(name)) throw notFound(`channel "${name}" does not exist`)
  }

  /** A transaction begins. */
  begin(): void {
    if (this.#found.size > 0) this.#found = new Set()
  }

  /** @throws ArcError 400 for a writer to an unknown channel */
  mustExistToPost(name: string): void {
    if (this.#found.has(name)) return
    if (!this.exists(name))
      throw invalid(`channel "${name}" does not exist; create it first with POST /v1/channels`)
    this.#found.add(name)
  }

  readonly commands = {
    'channel.create': (input) => {
      const created =
        this.#insert.run(input.name, nowSeconds(), input.created_by ?? null, input.metadata).changes === 1
      return success(created ? 201 : 200, toChannel(this.#find.get(input.name) as ChannelRow))
    },
  } satisfies Partial<CommandHandlers>

  readonly queries = {
    'channels.list': () => success(200, allOf(this.#all.iterate()).map(toChannel)),
  } satisfies Partial<QueryHandlers>
}
