// Builds hub-info and the status (PROTOCOL §8).

import { type Answer, successText } from '../protocol/envelope.js'
import { MESSAGE_KINDS } from '../protocol/kinds.js'
import { DEFAULT_CHANNEL, type Limits, PROTOCOL_VERSION } from '../protocol/limits.js'
import type { HubInfo, HubStatus } from '../protocol/objects.js'
import type { StorageFacts } from '../storage/commands.js'
import type { Done } from '../storage/outcome.js'

/** The process that serves the hub. */
export interface HubProcess {
  readonly version: string
  readonly pid: number
  /** Epoch milliseconds. */
  readonly startedAtMs: number
  /** The `host` option of the hub. */
  readonly host: string
  /** The folder of the file relay; null if it is off. */
  readonly spoolDir: string | null
}

/** The features of this hub: the protocol's tokens, then ours. */
const FEATURES = [
  'sse',
  'long_poll_keepalive',
  'subtask_rollup',
  'rpc_kinds',
  'capability_filter',
  'shutdown_control',
  'session_rename',
  'arc:idempotency_key',
  'arc:status',
  'arc:stream_changes',
  'arc:presence',
  'arc:mailbox',
  'arc:wake',
  'arc:fencing',
  'arc:lease_wait',
  'arc:scopes',
  'arc:ready',
] as const
const RELAY_FEATURES = ['relay', 'arc:relay_exactly_once'] as const

export function hubInfo(
  facts: StorageFacts,
  { limits, hubProcess, presenceTtlSec }: { limits: Limits; hubProcess: HubProcess; presenceTtlSec: number },
): HubInfo {
  return {
    instance_id: facts.instanceId,
    protocol_version: PROTOCOL_VERSION,
    implementation: 'arc-hub',
    implementation_version: hubProcess.version,
    default_channel: DEFAULT_CHANNEL,
    max_body_chars: limits.maxBodyChars,
    max_attachment_chars: limits.maxAttachmentChars,
    max_attachments: limits.maxAttachments,
    features: hubProcess.spoolDir === null ? [...FEATURES] : [...FEATURES, ...RELAY_FEATURES],
    message_kinds: [...MESSAGE_KINDS],
    storage_path: facts.storagePath,
    journal_mode: facts.journalMode,
    wal_mode: facts.journalMode === 'wal',
    allow_remote: facts.allowRemote,
    presence_ttl_sec: presenceTtlSec,
  }
}

/** The status: the process's members, then the storage's. */
export function hubStatus(facts: StorageFacts, hubProcess: HubProcess, stored: Done): Answer {
  const share = {
    instance_id: facts.instanceId,
    implementation_version: hubProcess.version,
    pid: hubProcess.pid,
    started_at: new Date(hubProcess.startedAtMs).toISOString(),
    uptime_sec: Math.round((Date.now() - hubProcess.startedAtMs) / 1_000),
    storage_path: facts.storagePath,
    spool_dir: hubProcess.spoolDir,
    allow_remote: facts.allowRemote,
  } satisfies Partial<HubStatus>
  return successText(200, `${JSON.stringify(share).slice(0, -1)},${stored.result.slice(1)}`)
}
