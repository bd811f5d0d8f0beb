// The options that the smoke run's commands share, with their values.

import type { ArgsDef } from 'citty'
import { DEFAULT_SPOOL } from '../../protocol/relay.js'
import { clientArguments } from '../agent-arguments.js'
import { positiveSeconds, text } from '../arguments.js'

export const TRANSPORTS = ['http', 'relay'] as const
export type TransportName = (typeof TRANSPORTS)[number]

const DEFAULT = {
  channel: 'smoke-room',
  threadId: 'smoke-relay-001',
  claimKey: 'smoke-claim-001',
  timeoutSec: 60,
  pollSec: 1,
}
/** Each poll of smoke-a is a sign of life, and the other roles wait for it. So polls are short. */
const MAX_POLL_SEC = 2

export const smokeArguments = {
  ...clientArguments,
  'relay-dir': {
    type: 'string',
    description: `Folder of the file relay (default ${DEFAULT_SPOOL})`,
    valueHint: 'folder',
  },
  channel: {
    type: 'string',
    description: `Where it happens (default ${DEFAULT.channel})`,
    valueHint: 'name',
  },
  'thread-id': {
    type: 'string',
    description: `In which thread (default ${DEFAULT.threadId})`,
    valueHint: 'id',
  },
  'claim-key': {
    type: 'string',
    description: `What is claimed (default ${DEFAULT.claimKey})`,
    valueHint: 'key',
  },
  'timeout-sec': {
    type: 'string',
    description: `Seconds after which a role gives up (default ${DEFAULT.timeoutSec})`,
    valueHint: 'sec',
  },
  'poll-interval-sec': {
    type: 'string',
    description: `Seconds that one look for messages waits (default ${DEFAULT.pollSec}, at most ${MAX_POLL_SEC})`,
    valueHint: 'sec',
  },
} as const satisfies ArgsDef

export interface SmokeSettings {
  readonly channel: string
  readonly threadId: string
  readonly claimKey: string
  readonly timeoutSec: number
  readonly pollSec: number
}

export function smokeSettingsFrom(given: Readonly<Record<string, unknown>>): SmokeSettings {
  return {
    channel: text(given.channel, 'channel') ?? DEFAULT.channel,
    threadId: text(given['thread-id'], 'thread-id') ?? DEFAULT.threadId,
    claimKey: text(given['claim-key'], 'claim-key') ?? DEFAULT.claimKey,
    timeoutSec: positiveSeconds(given['timeout-sec'], 'timeout-sec') ?? DEFAULT.timeoutSec,
    pollSec: Math.min(
      positiveSeconds(given['poll-interval-sec'], 'poll-interval-sec') ?? DEFAULT.pollSec,
      MAX_POLL_SEC,
    ),
  }
}
