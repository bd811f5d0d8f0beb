// Work under a lock (PROTOCOL §19): the lock is refreshed while the work runs, the work hears when it is lost, and it is
// released at the end. To the hub all work of one agent is one holder, so the client itself lets one work follow the other.

import { ArcError } from '../protocol/errors.js'
import type { Lock } from '../protocol/objects.js'
import type { HeldLock, WithLockOptions } from './lease-options.js'
import { type Leases, lockPath } from './leases.js'
import { checkedNumber } from './options.js'
import { type LinkedSignal, linkSignals, throwIfAborted } from './waiting.js'

const WAIT_SEC = 60
const TTL_SEC = 60

/** What `withLock` was given. */
interface Order<T> {
  readonly path: string
  readonly work: (held: HeldLock) => T | Promise<T>
  readonly options: WithLockOptions
}

export async function withLock<T>(leases: Leases, order: Order<T>, closing: AbortSignal): Promise<T> {
  const { path, work, options } = order
  if (typeof work !== 'function') throw new ArcError('invalid_request', 'work must be a function')
  const waitSec = checkedNumber('wait', options.wait ?? WAIT_SEC)
  const startedAt = performance.now()
  const link = linkSignals(options.signal, closing)
  try {
    const leave = await leases.turns.take(lockPath(path), waitSec * 1_000, link.signal)
    if (!leave) throw notAcquired(`other work of this client has "${path}"`, waitSec)
    try {
      const leftSec = Math.max(0, waitSec - (performance.now() - startedAt) / 1_000)
      return await underLock(leases, order, leftSec, link)
    } finally {
      leave()
    }
  } finally {
    link.release()
  }
}

async function underLock<T>(
  leases: Leases,
  { path, work, options }: Order<T>,
  wait: number,
  link: LinkedSignal,
): Promise<T> {
  const { ttlSec = TTL_SEC, metadata, signal } = options
  let lost: ArcError | undefined
  let isOver = false
  const onLost = (cause: unknown) => {
    if (isOver) return
    const text = `the lock on "${path}" was lost while the work under it ran: what it wrote may collide with another agent's`
    lost = new ArcError('lease_lost', text, { cause })
    link.abort(lost)
  }
  const before = leases.kept.find('lock', lockPath(path))
  const { acquired, lock, fence } = await leases.lock(path, { wait, ttlSec, metadata, signal, onLost })
  if (!acquired) {
    const who = `${lock.agent_id} has "${path}" until ${lock.expires_at} at the latest`
    throw notAcquired(who, options.wait ?? WAIT_SEC, { holder: lock })
  }
  try {
    throwIfAborted(signal)
    const result = await work({ lock, fence, signal: link.signal })
    if (lost) throw lost
    return result
  } finally {
    isOver = true
    if (before) leases.kept.replace('lock', lockPath(path), before)
    // Whoever has it now must not lose it.
    else await leases.unlock(path, { fence }).catch(() => leases.kept.drop('lock', lockPath(path)))
  }
}

function notAcquired(who: string, waitSec: number, beside?: { readonly holder: Lock }): ArcError {
  const text = `${who}, also after ${waitSec} s; the work was not begun`
  return new ArcError('not_acquired', text, { beside })
}
