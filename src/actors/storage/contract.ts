// What doors (gateway, relay) and the storage actor say to each other.

import type {
  Command,
  FeedMessage,
  IdempotencyKey,
  Outcome,
  Page,
  PageQuery,
  Query,
  StorageFacts,
  Submission,
} from '../../protocol/commands.js'
import type { Answer } from '../../protocol/envelope.js'
import type { ChangeTopic } from '../../protocol/kinds.js'
import type { Waiting } from '../../protocol/objects.js'

/**
 * A submission as it crosses a port, which writes out the names of an object's members each time. Absent members are
 * undefined.
 */
export type PackedSubmission = readonly [
  op: Command['op'],
  input: Command['input'],
  touches: string | undefined,
  idempotency?: IdempotencyKey,
]

export function pack({ command, touches, idempotency }: Submission): PackedSubmission {
  return idempotency
    ? [command.op, command.input, touches, idempotency]
    : [command.op, command.input, touches]
}

export function unpack([op, input, touches, idempotency]: PackedSubmission): Submission {
  return { command: { op, input } as Command, touches, idempotency }
}

/** Door → storage. */
export type StorageContract = {
  submit: { input: PackedSubmission; output: Outcome }
  query: { input: Query; output: Answer }
  page: { input: PageQuery; output: Page }
  /** What the hub holds, and who waits at its doors. */
  status: { input: undefined; output: Answer }
  /** Says `connected`, and begins the feed after `afterId` (null: with what comes next). */
  connect: { input: { afterId: number | null }; output: undefined }
  /** Begins the feed after `afterId`, again. */
  subscribe: { input: { afterId: number }; output: undefined }
  /** Ends the feed: nobody reads at this door. */
  unsubscribe: { input: undefined; output: undefined }
  /** Answered when everything committed so far has been published to this door. */
  sync: { input: undefined; output: undefined }
  /** These agents showed a sign of life. */
  touch: { input: readonly string[]; output: undefined }
}

/** Storage → door. */
export type DoorContract = {
  /** The door is subscribed. A cast, not the call's reply: what is published next must find the facts taken note of. */
  connected: { input: StorageFacts; output: undefined }
  /** Committed messages in id order, without a gap since the last ones. */
  published: { input: readonly FeedMessage[]; output: undefined }
  /** More was committed than is worth sending: everything up to `latestId` has to be read instead. */
  skipped: { input: { latestId: number }; output: undefined }
  /** Something besides messages was committed, here or by another hub. */
  changed: { input: readonly ChangeTopic[]; output: undefined }
  network: { input: { allowRemote: boolean }; output: undefined }
  /** Who waits at this door. */
  waiting: { input: undefined; output: Waiting }
}
