// `arc smoke-agent`: one role of the smoke run (PROTOCOL §14).

import { DEFAULT_SPOOL } from '../../protocol/relay.js'
import { ArcClient } from '../../sdk/index.js'
import { baseUrl } from '../agent-arguments.js'
import { requiredOneOf, text } from '../arguments.js'
import { command } from '../command.js'
import { say, showFacts } from '../output.js'
import { smokeArguments, smokeSettingsFrom, TRANSPORTS } from '../smoke/arguments.js'
import { playPart } from '../smoke/part.js'
import { ROLES } from '../smoke/roles.js'

const args = {
  role: { type: 'string', description: `One of ${ROLES.join(', ')}`, valueHint: 'role' },
  transport: { type: 'string', description: 'http, or relay: nothing but files', valueHint: 'way' },
  ...smokeArguments,
} as const

/** Seconds for one answer of the hub, unless the role has less time. */
const ANSWER_SEC = 10

export default command({
  args,
  examples: [['arc smoke-agent --role smoke-b --transport relay', 'from a sandbox']],
  async run(given) {
    const role = requiredOneOf(given.role, 'role', ROLES)
    const transport = requiredOneOf(given.transport, 'transport', TRANSPORTS)
    const settings = smokeSettingsFrom(given)
    const timeout = Math.min(ANSWER_SEC, settings.timeoutSec / 2)
    const client =
      transport === 'relay'
        ? ArcClient.overRelay(role, {
            spoolDir: text(given['relay-dir'], 'relay-dir') ?? DEFAULT_SPOOL,
            timeout,
          })
        : new ArcClient(role, { baseUrl: baseUrl(given), timeout })
    const { verdict, failure } = await playPart({ role, client, transport, settings, tell: say })
    await showFacts(given, verdict)
    if (failure) throw failure
  },
})
