// Plays one role of a smoke run to its end. It reports every step, and returns a verdict.

import { ArcError } from '../../protocol/errors.js'
import type { ArcClient, HubInfo } from '../../sdk/index.js'
import type { SmokeSettings, TransportName } from './arguments.js'
import { play, type RoleName } from './roles.js'
import { SmokeThread } from './thread.js'
import type { RoleVerdict, Step } from './verdict.js'

export interface Part {
  readonly role: RoleName
  /** Closed at the end, which ends the role's session. */
  readonly client: ArcClient
  readonly transport: TransportName
  readonly settings: SmokeSettings
  /** Gets a line at the start and at the end of each step. */
  readonly tell: (line: string) => void
  /** Its abort ends the role early. */
  readonly signal?: AbortSignal | undefined
}

export interface Played {
  readonly verdict: RoleVerdict
  /** Why the role has not passed. */
  readonly failure?: ArcError
}

export async function playPart({ role, client, transport, settings, tell, signal }: Part): Promise<Played> {
  const startedAt = performance.now()
  const elapsedMs = () => Math.round(performance.now() - startedAt)
  const say = (what: string) => tell(`${role}  ${(elapsedMs() / 1_000).toFixed(3).padStart(7)} s  ${what}`)
  const late = AbortSignal.timeout(settings.timeoutSec * 1_000)
  const ending = signal ? AbortSignal.any([late, signal]) : late
  const steps: Step[] = []
  let underWay = `reach the hub by ${transport}`
  let hub: HubInfo | undefined
  let run: number | null = null
  let failure: ArcError | undefined
  try {
    hub = await client.hubInfo({ signal: ending })
    const { id } = await play(role, {
      client,
      signal: ending,
      ...settings,
      thread: new SmokeThread(client, { ...settings, signal: ending }),
      doing: (what) => {
        underWay = what
        say(`${what} …`)
      },
      done: (did, message) => {
        steps.push({ did, ...message, at: new Date().toISOString() })
        say(did)
      },
    })
    run = id
  } catch (error) {
    failure = explained(error, { role, underWay, isLate: late.aborted, settings })
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
  return { verdict, ...(failure && { failure }) }
}

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
