// Builds the body of POST /v1/messages (PROTOCOL §4) from a method's options. Absent options are absent in the JSON.

import type { Message } from '../protocol/objects.js'
import { FENCING_FEATURE } from './leases.js'
import { MAILBOX_FEATURE } from './mailbox-reader.js'
import type { PostedMessage, PostOptions } from './options.js'
import { checkedName } from './request-text.js'
import type { Call, Requester } from './requester.js'
import { underOf } from './under.js'

export async function postMessage(
  requester: Requester,
  fromAgent: string,
  body: string,
  options: PostOptions,
  delivery: Pick<Call, 'retryForSec' | 'idempotencyKey'> = {},
): Promise<{ message: PostedMessage; instanceId: string | undefined }> {
  // The hub takes an empty name for none, and a direct message to none is a message to all.
  for (const name of ['to', 'channel', 'threadId'] as const) {
    const given = options[name]
    if (given !== undefined) checkedName(name, given)
  }
  const send = () =>
    requester.post<Message>(
      '/v1/messages',
      {
        from_agent: fromAgent,
        to_agent: options.to,
        channel: options.channel,
        kind: options.kind,
        body,
        attachments: options.attachments,
        reply_to: options.replyTo,
        thread_id: options.threadId,
        metadata: options.metadata,
        parent_task_id: options.parentTaskId,
        to_must_exist: options.toMustExist,
        if_latest: options.ifLatest,
        ...(options.under && underOf(options.under)),
      },
      { ...delivery, signal: options.signal },
    )
  const { signal, toMustExist, ifLatest, under } = options
  // A hub of version 1 would post it in any case.
  const features = [
    ...(toMustExist === true || ifLatest !== undefined ? [MAILBOX_FEATURE] : []),
    ...(under ? [FENCING_FEATURE] : []),
  ]
  const post = features.reduce(
    (work, feature) => () => requester.needing(feature, { signal, when: 'before' }, work),
    send,
  )
  const { result, envelope, instanceId } = await post()
  const { recipient } = envelope
  return { message: recipient ? { ...result, recipient } : result, instanceId }
}
