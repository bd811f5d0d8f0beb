// Regular house-keeping of a storage: sessions without a sign of life expire every TTL/3 and what they held
// is released (PROTOCOL §3); answers past their retention are dropped once an hour (§9).

import type { StorageBackend } from './backend.js'
import type { Committer } from './committer.js'

const PRUNE_INTERVAL_MS = 3_600_000

export function startRecovery(
  committer: Committer,
  backend: StorageBackend,
  presenceTtlSec: number,
): () => void {
  const expire = setInterval(
    () => {
      // A storage that can't be written just now is tried again at the next tick.
      committer.apply({ command: { op: 'sessions.expire', input: {} } }).catch(() => {})
    },
    (presenceTtlSec * 1_000) / 3,
  )
  const prune = setInterval(() => committer.afterCommit(() => backend.prune()), PRUNE_INTERVAL_MS)
  return () => {
    clearInterval(expire)
    clearInterval(prune)
  }
}
