// The state of this hub process that has to outlive its storage actor: a pending shutdown and the network
// setting (PROTOCOL §8). Rows belong to one process; what dead processes left is dropped after a week.

import { success } from '../../protocol/envelope.js'
import { ArcError } from '../../protocol/errors.js'
import type { PendingShutdown } from '../backend.js'
import type { CommandHandlers, QueryHandlers } from '../commands.js'
import { parseJson, type SqliteContext } from './context.js'
import type { MessageLog } from './message-log.js'

const ABANDONED_AFTER_MS = 7 * 24 * 3_600_000
const LOOPBACK_HOSTS = /^(localhost|127\.|::1$|\[::1\]$)/

interface HubState {
  shutdown: PendingShutdown
  allow_remote: boolean
}

export class HubStates {
  readonly #context: SqliteContext
  readonly #log: MessageLog
  readonly #get
  readonly #set
  readonly #delete

  constructor(context: SqliteContext, log: MessageLog) {
    const { db } = context
    this.#context = context
    this.#log = log
    this.#get = db
      .prepare<[string, string], string>('SELECT value_json FROM arc_hub_state WHERE hub_id = ? AND key = ?')
      .pluck()
    this.#set = db.prepare('INSERT OR REPLACE INTO arc_hub_state VALUES (?, ?, ?, ?)')
    this.#delete = db.prepare('DELETE FROM arc_hub_state WHERE hub_id = ? AND key = ?')
    db.prepare('DELETE FROM arc_hub_state WHERE updated_at_ms < ?').run(Date.now() - ABANDONED_AFTER_MS)
  }

  pendingShutdown(): PendingShutdown | undefined {
    return this.#read('shutdown')
  }

  allowRemote(): boolean {
    return this.#read('allow_remote') ?? this.#context.allowRemote
  }

  readonly commands = {
    'shutdown.begin': ({ delay_sec }) => {
      const pending = this.pendingShutdown()
      if (pending) {
        const text = `a shutdown is pending already, in ${remainingSec(pending)} s; cancel it with POST /v1/shutdown/cancel`
        throw new ArcError('shutdown_pending', text)
      }
      const shutdown: PendingShutdown = { firesAtMs: Date.now() + delay_sec * 1_000, delaySec: delay_sec }
      this.#write('shutdown', shutdown)
      this.#log.notice({
        body: `The hub shuts down in ${delay_sec} s.`,
        metadata: { shutdown: true, delay_sec },
      })
      return success(200, { status: 'shutdown_initiated', remaining_sec: remainingSec(shutdown), delay_sec })
    },
    'shutdown.cancel': () => {
      this.#mustBePending()
      this.#clear('shutdown')
      this.#log.notice({ body: 'The shutdown was cancelled.', metadata: { shutdown_cancelled: true } })
      return success(200, { status: 'shutdown_cancelled' })
    },
    'shutdown.fire': () => {
      this.#mustBePending()
      this.#clear('shutdown')
      this.#log.notice({ body: 'The hub shuts down now.', metadata: { shutdown: true, final: true } })
      return success(200, null)
    },
    'network.set': ({ allow_remote, listen_host }) => {
      if (allow_remote && LOOPBACK_HOSTS.test(listen_host)) {
        const text = `the hub listens on ${listen_host} only; restart it with --host 0.0.0.0 --allow-remote`
        throw new ArcError('bound_to_loopback', text)
      }
      this.#write('allow_remote', allow_remote)
      return success(200, { allow_remote, listen_host })
    },
  } satisfies Partial<CommandHandlers>

  readonly queries = {
    'shutdown.get': () => {
      const pending = this.pendingShutdown()
      return success(
        200,
        pending ? { remaining_sec: remainingSec(pending), delay_sec: pending.delaySec } : null,
      )
    },
  } satisfies Partial<QueryHandlers>

  #mustBePending(): void {
    if (!this.pendingShutdown()) throw new ArcError('no_shutdown_pending', 'no shutdown is pending')
  }

  #read<K extends keyof HubState>(key: K): HubState[K] | undefined {
    return parseJson<HubState[K] | undefined>(this.#get.get(this.#context.hubId, key) ?? null, undefined)
  }

  #write<K extends keyof HubState>(key: K, value: HubState[K]): void {
    this.#set.run(this.#context.hubId, key, JSON.stringify(value), Date.now())
  }

  #clear(key: keyof HubState): void {
    this.#delete.run(this.#context.hubId, key)
  }
}

function remainingSec({ firesAtMs }: PendingShutdown): number {
  return Math.max(0, Math.ceil((firesAtMs - Date.now()) / 1_000))
}
