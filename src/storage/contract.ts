// What doors (gateway, relay) and the storage actor say to each other.

import type { Answer } from '../protocol/envelope.js'
import type { ChangeTopic } from '../protocol/kinds.js'
import type { Waiting } from '../protocol/objects.js'
import type {
  Command,
  Commands,
  FeedMessage,
  IdempotencyKey,
  Outcome,
  Page,
  PageQuery,
  Query,
  StorageFacts,
  Submission,
} from './commands.js'

/**
 * A submission as it crosses a port, which writes out the names of an object's members each time and looks them up on the
 * other side. So it is flat, and a post, the one command that comes by the thousand, has its members in a fixed order.
 */
export type PackedSubmission =
  | readonly [
      op: 'message.post',
      touches: string | undefined,
      idempotency: IdempotencyKey | undefined,
      fromAgent: Post['from_agent'],
      toAgent: Post['to_agent'],
      channel: Post['channel'],
      kind: Post['kind'],
      body: Post['body'],
      attachments: Post['attachments'],
      replyTo: Post['reply_to'],
      threadId: Post['thread_id'],
      metadata: Post['metadata'],
      parentTaskId: Post['parent_task_id'],
    ]
  | readonly [
      op: Exclude<Command['op'], 'message.post'>,
      touches: string | undefined,
      idempotency: IdempotencyKey | undefined,
      input: Command['input'],
    ]

type Post = Commands['message.post']

export function pack({ command, touches, idempotency }: Submission): PackedSubmission {
  if (command.op !== 'message.post') return [command.op, touches, idempotency, command.input]
  const post = command.input
  return [
    command.op,
    touches,
    idempotency,
    post.from_agent,
    post.to_agent,
    post.channel,
    post.kind,
    post.body,
    post.attachments,
    post.reply_to,
    post.thread_id,
    post.metadata,
    post.parent_task_id,
  ]
}

export function unpack(packed: PackedSubmission): Submission {
  const [op, touches, idempotency] = packed
  if (packed[0] !== 'message.post')
    return { command: { op, input: packed[3] } as Command, touches, idempotency }
  const input = {
    from_agent: packed[3],
    to_agent: packed[4],
    channel: packed[5],
    kind: packed[6],
    body: packed[7],
    attachments: packed[8],
    reply_to: packed[9],
    thread_id: packed[10],
    metadata: packed[11],
    parent_task_id: packed[12],
  } satisfies Record<keyof Post, unknown>
  return { command: { op: packed[0], input }, touches, idempotency }
}

/** Door → storage. */
export type StorageContract = {
  submit: { input: PackedSubmission; output: Outcome }
  query: { input: Query; output: Answer }
  page: { input: PageQuery; output: Page }
  /** What the hub holds, and who waits at its doors. */
  status: { input: undefined; output: Answer }
  /** Says `connected`, and goes on with the feed after `afterId` (null: it has not begun, as nobody has read at this door yet). */
  connect: { input: { afterId: number | null }; output: undefined }
  /** Begins the feed after `afterId`: this door has its first reader. */
  subscribe: { input: { afterId: number }; output: undefined }
  /** Answered when everything committed so far has been published to this door. */
  sync: { input: undefined; output: undefined }
  /** These agents showed a sign of life. */
  touch: { input: readonly string[]; output: undefined }
}

/** Storage → door. */
export type DoorContract = {
  /** The door is connected. A cast, not the call's reply: what is published next must find the facts taken note of. */
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
