// `arc call`: asks another agent, and prints its answer (PROTOCOL §15).

import { ArcError } from '../../protocol/errors.js'
import { agentArguments, signIn } from '../agent-arguments.js'
import { positiveSeconds, text } from '../arguments.js'
import { bodyFrom } from '../body.js'
import { command } from '../command.js'
import { ExitStatus, flushed, LATE_STATUS, say, show } from '../output.js'
import { sayIfUnknown } from '../recipient.js'

export default command({
  args: {
    ...agentArguments,
    'thread-id': { type: 'string', description: 'The thread that it belongs to', valueHint: 'id' },
    timeout: { type: 'string', description: 'Seconds to wait (default 60)', valueHint: 'sec' },
    callee: { type: 'positional', required: true, description: 'The agent to ask' },
    text: { type: 'positional', required: false, description: 'What to ask; - for standard input' },
  },
  examples: [
    ['arc call --agent me bob "run the tests"', 'prints what bob answers'],
    ['arc reply --agent bob 12 --kind task_result "ok"', "bob's answer to request 12"],
  ],
  async run(given) {
    const { callee } = given
    const options = {
      timeout: positiveSeconds(given.timeout, 'timeout'),
      threadId: text(given['thread-id'], 'thread-id'),
      ack: false,
    }
    const body = await bodyFrom({ text: given.text })
    const client = await signIn(given)
    await sayIfUnknown(client, callee)
    try {
      const answer = await client.call(callee, body, options)
      await show(given, answer, (texts, row) => texts.message(row))
      await flushed()
      await client.ack(answer.id).catch(() => {}) // then arc poll shows it once more
    } catch (error) {
      if (!(error instanceof ArcError) || error.code !== 'timeout') throw error
      say(`arc error: ${error.message}`)
      throw new ExitStatus(LATE_STATUS)
    }
  },
})
