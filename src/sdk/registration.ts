// What an agent says of itself when it opens a session (PROTOCOL §3, §17), in the wire's names.

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
    process: shared && { pid: shared.pid, started_at: new Date(shared.startedAt).toISOString() },
  }
}

function thisProcess() {
  return { pid: process.pid, startedAt: Date.now() - process.uptime() * 1_000 }
}
