// What an agent says of itself when it opens a session (PROTOCOL §3, §17), in the wire's names.

import { ArcError } from '../protocol/errors.js'
import type { RegisterOptions } from './options.js'

export function registration(agentId: string, given: RegisterOptions): object {
  const { displayName, capabilities, metadata, replace, reuse, presenceTtlSec, harness } = given
  const shared = given.process === undefined ? thisProcess() : given.process || undefined
  return {
    agent_id: agentId,
    display_name: displayName,
    capabilities,
    metadata,
    replace,
    reuse,
    presence_ttl_sec: presenceTtlSec,
    harness,
    process: shared && { pid: shared.pid, started_at: startOf(shared.startedAt) },
  }
}

/** Milliseconds that can be no start of a process: more likely they are seconds. */
const TOO_EARLY_MS = Date.UTC(1980)

function startOf(given: number | string | Date): string {
  const start = new Date(given)
  if (start.getTime() >= TOO_EARLY_MS) return start.toISOString()
  const text =
    'process.startedAt must be a time: milliseconds since 1970, a text such as 2026-01-31T10:00:00Z, or a Date'
  throw new ArcError('invalid_request', text)
}

function thisProcess() {
  return { pid: process.pid, startedAt: Date.now() - process.uptime() * 1_000 }
}
