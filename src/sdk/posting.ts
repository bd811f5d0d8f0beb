// Builds the body of POST /v1/messages (PROTOCOL §4) from a method's options. Absent options are absent in the JSON.

import type { Message } from '../protocol/objects.js'
import type { PostOptions } from './options.js'
import type { Call, Requester } from './requester.js'

export async function postMessage(
  requester: Requester,
  fromAgent: string,
  body: string,
  options: PostOptions,
  delivery: Pick<Call, 'retryForSec' | 'idempotencyKey'> = {},
): Promise<{ message: Message; instanceId: string | undefined }> {
  const { result, instanceId } = await requester.post<Message>(
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
    },
    { ...delivery, signal: options.signal },
  )
  return { message: result, instanceId }
}
