// `arc thread`: a thread with all that is in it.

import { view, viewArguments } from '../agent-arguments.js'
import { command } from '../command.js'
import { show } from '../output.js'

export default command({
  args: {
    ...viewArguments,
    thread: { type: 'positional', required: true, description: 'The id of the thread' },
  },
  examples: [['arc thread parser', 'its messages, tasks, claims and locks']],
  async run(given) {
    const id = given.thread
    const client = await view(given)
    await show(given, await client.getThread(id), (texts, detail) => texts.thread(detail))
  },
})
