// `arc smoke-agent`: one role of the smoke run (PROTOCOL §14).

import { defineCommand } from 'citty'
import { ArcError } from '../../protocol/errors.js'
import { DEFAULT_SPOOL } from '../../protocol/relay.js'
import { ArcClient, type HubInfo } from '../../sdk/index.js'
import { baseUrl } from '../agent-arguments.js'
import { checkKnown, requiredOneOf, text } from '../arguments.js'
import { printJson, say } from '../output.js'
import { type SmokeSettings, smokeArguments, smokeSettingsFrom, TRANSPORTS } from '../smoke/arguments.js'
import { play, ROLES } from '../smoke/roles.js'
import { SmokeThread } from '../smoke/thread.js'
import type { RoleVerdict, Step } from '../smoke/verdict.js'

const args = {
  role: { type: 'string', description: `One of ${ROLES.join(', ')}`, valueHint: 'role' },
  transport: { type: 'string', description: 'http, or relay: nothing but files', valueHint: 'way' },
  ...smokeArguments,
} as const

/** Seconds that the hub may take for one answer, unless the role has less time. */
const ANSWER_SEC = 10

export default defineCommand({
  meta: {
    name: 'smoke-agent',
    description: 'Play one role of the smoke run; exit 0 when all its steps passed',
  },
  args,
  async run({ args: given }) {
    checkKnown(given, args, given._)
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
        : new ArcClient(role, { baseUrl: baseUrl(given['base-url']), timeout })
    const startedAt = performance.now()
    const elapsedMs = () => Math.round(performance.now() - startedAt)
    const signal = AbortSignal.timeout(settings.timeoutSec * 1_000)
    const steps: Step[] = []
    let underWay = 'start'
    const tell = (what: string) => say(`${role}  ${(elapsedMs() / 1_000).toFixed(3).padStart(7)} s  ${what}`)
    let hub: HubInfo | undefined
    let run: number | null = null
    let failure: ArcError | undefined
    try {
      underWay = `reach the hub by ${transport}`
      hub = await client.hubInfo({ signal })
      const { id } = await play(role, {
        client,
        signal,
        ...settings,
        thread: new SmokeThread(client, { ...settings, signal }),
        doing: (what) => {
          underWay = what
          tell(`${what} …`)
        },
        done: (did, message) => {
          steps.push({ did, ...message, at: new Date().toISOString() })
          tell(did)
        },
      })
      run = id
    } catch (error) {
      failure = explained(error, { role, underWay, isLate: signal.aborted, settings })
    } finally {
      await client.close()
    }
    const verdict: RoleVerdict = {
      ok: failure === undefined,
      role,
      transport,
      channel: settings.channel,
      thread_id: settings.threadId,
      claim_key: settings.claimKey,
      run,
      implementation: hub?.implementation ?? null,
      instance_id: hub?.instance_id ?? null,
      steps,
      elapsed_ms: elapsedMs(),
      ...(failure && { error: failure.message }),
    }
    printJson(verdict)
    if (failure) throw failure
  },
})

interface Circumstances {
  readonly role: string
  readonly underWay: string
  readonly isLate: boolean
  readonly settings: SmokeSettings
}

function explained(error: unknown, { role, underWay, isLate, settings }: Circumstances): ArcError {
  if (!(error instanceof ArcError)) throw error
  if (!isLate) {
    return new ArcError(error.code, `${role} could not ${underWay}: ${error.message}`, { cause: error })
  }
  const { timeoutSec, channel, threadId } = settings
  const text =
    `${role} was not through after ${timeoutSec} s; it was about to ${underWay}. Do the others run, on the same hub, ` +
    `with the channel ${channel} and the thread ${threadId}? More time: --timeout-sec`
  return new ArcError('timeout', text, { cause: error })
}
