// The state of this hub process that survives its storage actor: a pending shutdown and the network setting (PROTOCOL
// §8). A row belongs to one process. Rows of dead processes are deleted after a week.

import { ArcError } from '../../protocol/errors.js'
import type { PendingShutdown } from '../backend.js'
import { done } from '../outcome.js'
import { parseJson } from './json.js'
import { notice } from './message-log.js'
import { one, type Rule, run } from './sql.js'
import type { CommandRules, QueryRules } from './tables.js'
import type { Work } from './work.js'

const ABANDONED_AFTER_MS = 7 * 24 * 3_600_000
const LOOPBACK_HOSTS = /^(localhost|127\.|::1$|\[::1\]$)/

interface HubState {
  shutdown: PendingShutdown
  allow_remote: boolean
}

export function pendingShutdown(work: Work): Rule<PendingShutdown | undefined> {
  return read('shutdown', work)
}

export function* allowRemote(work: Work): Rule<boolean> {
  return (yield* read('allow_remote', work)) ?? work.allowRemote
}

/** Deletes the rows of processes that are long dead. */
export function* forgetHubs({ nowMs }: Work): Rule<void> {
  yield* run('hubState.forget', { before: nowMs - ABANDONED_AFTER_MS })
}

export const hubStateCommands = {
  *'shutdown.begin'({ delay_sec }, work) {
    const pending = yield* pendingShutdown(work)
    if (pending) {
      const text = `a shutdown is pending already, in ${remainingSec(pending, work)} s; cancel it with POST /v1/shutdown/cancel`
      throw new ArcError('shutdown_pending', text)
    }
    const shutdown: PendingShutdown = { firesAtMs: work.nowMs + delay_sec * 1_000, delaySec: delay_sec }
    yield* write('shutdown', shutdown, work)
    const body = `The hub shuts down in ${delay_sec} s.`
    yield* notice({ body, metadata: { shutdown: true, delay_sec } }, work)
    return done({ status: 'shutdown_initiated', remaining_sec: remainingSec(shutdown, work), delay_sec })
  },
  *'shutdown.cancel'(_input, work) {
    yield* clearShutdown(work)
    const body = 'The shutdown was cancelled.'
    yield* notice({ body, metadata: { shutdown_cancelled: true } }, work)
    return done({ status: 'shutdown_cancelled' })
  },
  *'shutdown.fire'(_input, work) {
    yield* clearShutdown(work)
    yield* notice({ body: 'The hub shuts down now.', metadata: { shutdown: true, final: true } }, work)
    return done(null)
  },
  *'network.set'({ allow_remote, listen_host }, work) {
    if (allow_remote && LOOPBACK_HOSTS.test(listen_host)) {
      const text = `the hub listens on ${listen_host} only; restart it with --host 0.0.0.0 --allow-remote`
      throw new ArcError('bound_to_loopback', text)
    }
    yield* write('allow_remote', allow_remote, work)
    return done({ allow_remote, listen_host })
  },
} satisfies Partial<CommandRules>

export const hubStateQueries = {
  *'shutdown.get'(_input, work) {
    const pending = yield* pendingShutdown(work)
    return done(pending ? { remaining_sec: remainingSec(pending, work), delay_sec: pending.delaySec } : null)
  },
} satisfies Partial<QueryRules>

function* clearShutdown(work: Work): Rule<void> {
  if (!(yield* pendingShutdown(work))) throw new ArcError('no_shutdown_pending', 'no shutdown is pending')
  yield* run('hubState.delete', { hubId: work.hubId, key: 'shutdown' })
}

function* read<K extends keyof HubState>(key: K, { hubId }: Work): Rule<HubState[K] | undefined> {
  const row = yield* one('hubState.find', { hubId, key })
  return parseJson<HubState[K] | undefined>(row?.value_json ?? null, undefined)
}

function* write<K extends keyof HubState>(key: K, value: HubState[K], { hubId, nowMs }: Work): Rule<void> {
  yield* run('hubState.set', { hubId, key, value: JSON.stringify(value), nowMs })
}

function remainingSec({ firesAtMs }: PendingShutdown, { nowMs }: Work): number {
  return Math.max(0, Math.ceil((firesAtMs - nowMs) / 1_000))
}
