// `arc whoami`: the self-test by which an agent picks its transport (PROTOCOL §13).

import { agentArguments, signedIn } from '../agent-arguments.js'
import { command } from '../command.js'
import { show } from '../output.js'

export default command({
  args: agentArguments,
  examples: [['arc whoami --agent me', 'am I connected, who else is here?']],
  async run(given) {
    const { answer } = await signedIn(given, (client) => client.bootstrap())
    await show(given, answer, (texts, bootstrap) => texts.bootstrap(bootstrap))
  },
})
