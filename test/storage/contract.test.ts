// What a submission is on the other side of a port.

import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import t from 'tap'
import type { Submission } from '../../src/storage/commands.js'
import { pack, unpack } from '../../src/storage/contract.js'

const { port1, port2 } = new MessageChannel()
t.teardown(() => port1.close())

function sent(submission: Submission): Submission {
  port1.postMessage(pack(submission))
  return unpack(receiveMessageOnPort(port2)?.message)
}

t.test('a post has each of its members, in its place', async (t) => {
  const submission: Submission = {
    command: {
      op: 'message.post',
      input: {
        from_agent: 'from',
        to_agent: 'to',
        channel: 'channel',
        kind: 'task_request',
        body: 'body',
        attachments: '["attachments"]',
        reply_to: 7,
        thread_id: 'thread',
        metadata: '{"meta":"data"}',
        parent_task_id: 8,
        to_must_exist: true,
        if_latest: 9,
        fencing: { fence: 7, claim_key: 'key', file_path: undefined },
      },
    },
    touches: 'touches',
    idempotency: { scope: 'scope', key: 'key', requestHash: 'hash', replayOnly: true },
  }
  t.strictSame(sent(submission), submission)
})

t.test('any other command is what it was', async (t) => {
  const submission: Submission = {
    command: { op: 'task.complete', input: { task_id: 9 } },
    touches: undefined,
    idempotency: { scope: 'scope', key: 'key', requestHash: 'hash' },
  }
  t.strictSame(sent(submission), submission)
})
