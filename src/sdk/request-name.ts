// Names of requests: idempotency keys, and the stems of relay files.

import { randomBytes } from 'node:crypto'

const RANDOM = randomBytes(9).toString('base64url')
let lastMs = 0
let count = 0

/**
 * Unique, and in the order in which this process asked for them. The hub's index of keys then grows at its
 * end, which costs it far less, and a relay starts requests in the order of their names (PROTOCOL §10).
 */
export function newRequestName(): string {
  const nowMs = Date.now()
  count = nowMs > lastMs ? 0 : count + 1
  lastMs = Math.max(lastMs, nowMs)
  return `${lastMs.toString(36)}-${count.toString(36).padStart(4, '0')}-${RANDOM}`
}
