// `arc mcp`: an MCP server on standard input and output, for programs that have tools and no shell, or better tools than a shell.

import { isNoHub } from '../../sdk/hub-address.js'
import { agentArguments, baseUrl } from '../agent-arguments.js'
import { text, usageError } from '../arguments.js'
import { silentCommand } from '../command.js'

export default silentCommand({
  args: {
    ...agentArguments,
    agent: {
      type: 'string',
      description: "The agent to act as (default: ARC_AGENT, else the session's own, else a new name)",
      valueHint: 'id',
    },
    'spool-dir': {
      type: 'string',
      description: 'Reach the hub over the files of this folder, without a network',
      valueHint: 'folder',
    },
  },
  examples: [
    ['arc mcp', 'what a coding program starts as its server'],
    ['arc mcp --agent alice --spool-dir .arc-relay', 'from a sandbox without a network'],
  ],
  async run(given) {
    const agent = text(given.agent, 'agent')
    const spoolDir = text(given['spool-dir'], 'spool-dir')
    if (spoolDir !== undefined && (given['base-url'] ?? given.port) !== undefined)
      throw usageError('give --spool-dir, or the address of a hub, not both')
    const way = spoolDir === undefined ? { address: () => baseUrl(given) } : { spoolDir }
    try {
      way.address?.()
    } catch (error) {
      // A mistake on the command line ends the command. A hub that does not run yet is told at the first call.
      if (!isNoHub(error)) throw error
    }
    const { serve } = await import('../../mcp/serve.js')
    await serve({ way, agent })
  },
})
