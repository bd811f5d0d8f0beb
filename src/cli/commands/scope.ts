// `arc scope`: leases all paths that globs match (PROTOCOL §19), or says who is in the way.

import { globFromRoot } from '../../project-path.js'
import { globProblem } from '../../protocol/globs.js'
import { SCOPE_MODES } from '../../protocol/kinds.js'
import type { ScopeResult } from '../../sdk/lease-options.js'
import { agentArguments, signIn } from '../agent-arguments.js'
import { oneOf, seconds, text, usageError, wholeNumber } from '../arguments.js'
import { command } from '../command.js'
import { leaseArguments, leaseTtl, waitArgument } from '../leases.js'
import { ExitStatus, say, show, showFacts } from '../output.js'

export default command({
  args: {
    ...agentArguments,
    ...leaseArguments,
    ...waitArgument,
    mode: {
      type: 'string',
      description: `${SCOPE_MODES.join(' or ')} (default exclusive)`,
      valueHint: 'mode',
    },
    reason: { type: 'string', description: 'A word for those whose way it bars', valueHint: 'text' },
    release: { type: 'string', description: 'Release this scope instead', valueHint: 'id' },
    glob: {
      type: 'positional',
      required: false,
      valueHint: '…',
      description: 'Globs such as "src/**", in quotes',
    },
  },
  examples: [
    ['arc scope --agent me "src/parser/**"', 'mine for an hour; 1 if another is there'],
    ['arc scope --agent me --mode shared "docs/**"', 'others may read it too'],
    ['arc scope --agent me --release 3', 'scope 3 is free again'],
  ],
  maxPositionals: Number.POSITIVE_INFINITY,
  async run(given) {
    const release = wholeNumber(given.release, 'release', 1, Number.MAX_SAFE_INTEGER)
    const globs = given._.map((glob) => globFromRoot(glob))
    for (const glob of globs) {
      const problem = globProblem(glob)
      if (problem !== undefined) throw usageError(`the glob ${JSON.stringify(glob)} ${problem}`)
    }
    if (release !== undefined && globs.length > 0) throw usageError('give --release or GLOB, not both')
    if (release === undefined && globs.length === 0) throw usageError('GLOB is required, in quotes')
    const options = {
      mode: oneOf(given.mode, 'mode', SCOPE_MODES),
      reason: text(given.reason, 'reason'),
      wait: seconds(given.wait, 'wait'),
      ttlSec: leaseTtl(given),
      keep: false,
    }
    const client = await signIn(given)
    if (release !== undefined) {
      await client.releaseScope(release)
      return showFacts(given, { released: release })
    }
    const result = await client.scope(globs, options)
    await show(given, result, (texts) => (result.scope ? texts.leases([result.scope]) : ''))
    if (!result.acquired) refuse(result)
  },
})

function refuse({ holders = [] }: ScopeResult): never {
  for (const { agent_id, expires_at, meets } of holders)
    say(`${agent_id} is in the way until ${expires_at} at the latest: ${JSON.stringify(meets)}`)
  throw new ExitStatus(1)
}
