// `arc whoami`: the self-test by which an agent picks its transport (PROTOCOL §13).

import { agentArguments, signIn } from '../agent-arguments.js'
import { command } from '../command.js'
import { show } from '../output.js'

export default command({
  args: agentArguments,
  examples: [['arc whoami --agent me', 'am I connected, who else is here?']],
  async run(given) {
    const client = await signIn(given)
    await show(given, await client.bootstrap(), (texts, bootstrap) => texts.bootstrap(bootstrap))
  },
})
