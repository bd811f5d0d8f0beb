// `arc smoke-agent`: one role of the smoke run (PROTOCOL §14).

import { defineCommand } from 'citty'
import { DEFAULT_SPOOL } from '../../protocol/relay.js'
import { ArcClient } from '../../sdk/index.js'
import { baseUrl } from '../agent-arguments.js'
import { requiredOneOf, text } from '../arguments.js'
import { checkCommandLine } from '../command-line.js'
import { printJson, say } from '../output.js'
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

export default defineCommand({
  meta: {
    name: 'smoke-agent',
    description: 'Play one role of the smoke run; exit 0 when all its steps passed',
  },
  args,
  async run({ args: given, rawArgs }) {
    checkCommandLine(rawArgs, args)
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
    printJson(verdict)
    if (failure) throw failure
  },
})
