// Names of requests: idempotency keys, and the stems of relay files.

import { crypto } from '../crypto.js'

let random: string | undefined
let lastMs = 0
let count = 0

/**
 * Unique, and in the order of this process's calls. So the hub's index of keys grows at its end, which is cheapest, and
 * a relay starts requests in their order (PROTOCOL §10).
 */
export function newRequestName(): string {
  random ??= crypto().randomBytes(9).toString('base64url')
  const nowMs = Date.now()
  count = nowMs > lastMs ? 0 : count + 1
  lastMs = Math.max(lastMs, nowMs)
  return `${lastMs.toString(36)}-${count.toString(36).padStart(4, '0')}-${random}`
}
