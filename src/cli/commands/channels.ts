// `arc channels`: which channels there are.

import { view, viewArguments } from '../agent-arguments.js'
import { command } from '../command.js'
import { show } from '../output.js'

export default command({
  args: viewArguments,
  examples: [['arc channels', 'where the agents talk']],
  async run(given) {
    const client = await view(given)
    await show(given, await client.listChannels(), (texts, rows) => texts.channels(rows))
  },
})
