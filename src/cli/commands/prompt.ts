// `arc prompt`: the instructions for an agent that no hook tells anything (PROTOCOL §13). It asks no hub.

import { SETUP_NAMES, type SetupName } from '../../harness/places.js'
import { clientArguments, requiredAgent } from '../agent-arguments.js'
import { text, usageError } from '../arguments.js'
import { silentCommand } from '../command.js'
import { print } from '../output.js'
import { promptText } from '../prompt-text.js'

export default silentCommand({
  args: {
    agent: { type: 'string', description: 'The agent that it is for (default: ARC_AGENT)', valueHint: 'id' },
    harness: {
      type: 'string',
      description: `The program that it runs in: ${SETUP_NAMES.join(', ')}`,
      valueHint: 'name',
    },
    ...clientArguments,
  },
  examples: [
    ['arc prompt --agent bob', 'what to paste into the first prompt of bob'],
    ['arc prompt --agent bob --harness codex', 'with what is special in Codex CLI'],
  ],
  async run(given) {
    const harness = text(given.harness, 'harness')
    if (harness !== undefined && !SETUP_NAMES.includes(harness as SetupName))
      throw usageError(`there is no harness "${harness}"; it is one of ${SETUP_NAMES.join(', ')}`)
    const hub = (['base-url', 'port'] as const).flatMap((name) => {
      const value = text(given[name], name)
      return value === undefined ? [] : [`--${name}`, value]
    })
    print(promptText({ agentId: requiredAgent(given), harness, hub }))
  },
})
