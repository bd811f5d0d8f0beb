// Work under a lock (PROTOCOL §19): the lock is refreshed while the work runs, the work hears when it is lost, and it is
// released at the end.

import { ArcError } from '../protocol/errors.js'
import type { HeldLock, WithLockOptions } from './lease-options.js'
import type { Leases } from './leases.js'
import { linkSignals, throwIfAborted } from './waiting.js'

const WAIT_SEC = 60
const TTL_SEC = 60

export async function withLock<T>(
  leases: Leases,
  path: string,
  work: (held: HeldLock) => T | Promise<T>,
  { wait = WAIT_SEC, ttlSec = TTL_SEC, metadata, signal }: WithLockOptions,
  closing: AbortSignal,
): Promise<T> {
  const link = linkSignals(signal, closing)
  let lost: ArcError | undefined
  const onLost = (cause: unknown) => {
    const text = `the lock on "${path}" was lost while the work under it ran: what it wrote may collide with another agent's`
    lost = new ArcError('lease_lost', text, { cause })
    link.abort(lost)
  }
  try {
    const { acquired, lock, fence } = await leases.lock(path, { wait, ttlSec, metadata, signal, onLost })
    if (!acquired) {
      const text = `${lock.agent_id} has "${path}" until ${lock.expires_at} at the latest, also after ${wait} s; the work was not begun`
      throw new ArcError('not_acquired', text, { beside: { holder: lock } })
    }
    try {
      throwIfAborted(signal)
      const result = await work({ lock, fence, signal: link.signal })
      if (lost) throw lost
      return result
    } finally {
      // Whoever has it now must not lose it.
      await leases.unlock(path, { fence }).catch(() => {})
    }
  } finally {
    link.release()
  }
}
