// The messages between the doors (gateway, relay) and the storage actor.

import type { ChangeTopic } from '../protocol/kinds.js'
import type { Waiting } from '../protocol/objects.js'
import type {
  Command,
  Commands,
  FeedMessage,
  IdempotencyKey,
  Page,
  PageQuery,
  Query,
  StorageFacts,
  Submission,
} from './commands.js'
import type { Done, Outcome } from './outcome.js'

type Post = Commands['message.post']

/**
 * A post's members in the order in which they cross a port. A port writes the names of an object's members each time, and
 * looks them up on the other side: 1.8 µs a post.
 */
const POST_MEMBERS = Object.keys({
  from_agent: true,
  to_agent: true,
  channel: true,
  kind: true,
  body: true,
  attachments: true,
  reply_to: true,
  thread_id: true,
  metadata: true,
  parent_task_id: true,
  to_must_exist: true,
  if_latest: true,
  fencing: true,
} satisfies Record<keyof Post, true>) as readonly (keyof Post)[]

/** A submission as it crosses a port: the operation, the touched agent, the key, then a post's members or another input. */
export type PackedSubmission = readonly [
  op: Command['op'],
  touches: string | undefined,
  idempotency: IdempotencyKey | undefined,
  ...input: readonly unknown[],
]

export function pack({ command, touches, idempotency }: Submission): PackedSubmission {
  if (command.op !== 'message.post') return [command.op, touches, idempotency, command.input]
  const packed: [Command['op'], string | undefined, IdempotencyKey | undefined, ...unknown[]] = [
    command.op,
    touches,
    idempotency,
  ]
  for (const member of POST_MEMBERS) packed.push(command.input[member])
  return packed
}

export function unpack([op, touches, idempotency, ...input]: PackedSubmission): Submission {
  if (op !== 'message.post') return { command: { op, input: input[0] } as Command, touches, idempotency }
  const post: { [member: string]: unknown } = {}
  for (const [i, member] of POST_MEMBERS.entries()) post[member] = input[i]
  return { command: { op, input: post as unknown as Post }, touches, idempotency }
}

/** Door → storage. */
export type StorageContract = {
  submit: { input: PackedSubmission; output: Outcome }
  query: { input: Query; output: Done }
  page: { input: PageQuery; output: Page }
  /** The counts of the hub, and the long-polls and streams at its doors. */
  status: { input: undefined; output: Done }
  /** Sends `connected`, and continues the feed after `afterId`. Null: this door has had no reader yet. */
  connect: { input: { afterId: number | null }; output: undefined }
  /** Starts the feed after `afterId`: this door has its first reader. */
  subscribe: { input: { afterId: number }; output: undefined }
  /** Answered when the storage has published everything committed so far to this door. */
  sync: { input: undefined; output: undefined }
  /** Reports agents that showed a sign of life. */
  touch: { input: readonly string[]; output: undefined }
}

/** Storage → door. */
export type DoorContract = {
  /** The door is connected. It is a cast and not the call's reply, so that it arrives before the next `published`. */
  connected: { input: StorageFacts; output: undefined }
  /** Committed messages in id order, without a gap after the last ones. */
  published: { input: readonly FeedMessage[]; output: undefined }
  /** Too many messages were committed to send them. The door must read those up to `latestId`. */
  skipped: { input: { latestId: number }; output: undefined }
  /** Something besides messages was committed, here or by another hub. */
  changed: { input: readonly ChangeTopic[]; output: undefined }
  network: { input: { allowRemote: boolean }; output: undefined }
  /** Asks for the long-polls and streams at this door. */
  waiting: { input: undefined; output: Waiting }
}
