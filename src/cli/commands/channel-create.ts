// `arc channel create`: a channel of that name; one that exists stays as it is.

import { agentArguments, signIn } from '../agent-arguments.js'
import { command } from '../command.js'
import { show } from '../output.js'

export default command({
  args: {
    ...agentArguments,
    name: { type: 'positional', required: true, description: 'The name of the channel' },
  },
  examples: [
    ['arc channel create --agent me build', 'a channel for the build'],
    ['arc post --agent me --channel build "red"', 'a post to it'],
  ],
  async run(given) {
    const { name } = given
    const client = await signIn(given)
    await show(given, await client.createChannel(name), (texts, row) => texts.channels([row]))
  },
})
