// `arc poll`: waits for messages as an agent, once.

import { defineCommand } from 'citty'
import { MAX_POLL_SEC } from '../../protocol/limits.js'
import { agentArguments, signIn } from '../agent-arguments.js'
import { seconds, text, wholeNumber } from '../arguments.js'
import { checkCommandLine } from '../command-line.js'
import { printJson } from '../output.js'

const args = {
  ...agentArguments,
  channel: { type: 'string', description: 'Only this channel', valueHint: 'name' },
  'thread-id': { type: 'string', description: 'Only this thread', valueHint: 'id' },
  timeout: {
    type: 'string',
    description: `Seconds to wait (default 30, at most ${MAX_POLL_SEC})`,
    valueHint: 'sec',
  },
  'since-id': { type: 'string', description: 'Messages after this id (default 0: all)', valueHint: 'id' },
  'include-self': { type: 'boolean', description: "The agent's own messages too" },
} as const

const DEFAULT_TIMEOUT_SEC = 30

export default defineCommand({
  meta: { name: 'poll', description: 'Wait for messages as an agent, once; prints one a line' },
  args,
  async run({ args: given, rawArgs }) {
    checkCommandLine(rawArgs, args)
    const timeout = Math.min(seconds(given.timeout, 'timeout') ?? DEFAULT_TIMEOUT_SEC, MAX_POLL_SEC)
    const sinceId = wholeNumber(given['since-id'], 'since-id', 0, Number.MAX_SAFE_INTEGER) ?? 0
    const filter = {
      channel: text(given.channel, 'channel'),
      threadId: text(given['thread-id'], 'thread-id'),
    }
    const client = await signIn(given)
    const messages = await client.poll({
      ...filter,
      timeout,
      sinceId,
      includeSelf: given['include-self'] === true,
    })
    for (const message of messages) printJson(message)
  },
})
