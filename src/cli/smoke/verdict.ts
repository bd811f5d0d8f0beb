// The verdicts of a smoke run: that of one role, which `arc smoke-agent` prints, and that of all three. The latter does
// not trust the roles alone: the hub must have stored every message that they claim to have posted.

import type { HubInfo, Message } from '../../sdk/index.js'
import type { TransportName } from './arguments.js'
import { ROLES, type RoleName } from './roles.js'

export interface Step {
  readonly did: string
  /** The id of the message that the step posted; `saw`: that it received. */
  readonly posted?: number
  readonly saw?: number
  readonly at: string
}

export interface RoleVerdict {
  readonly ok: boolean
  readonly role: RoleName
  readonly transport: TransportName
  readonly channel: string
  readonly thread_id: string
  readonly claim_key: string
  /** The id of the task that names the run; null if the role finished none. */
  readonly run: number | null
  /** The implementation of the hub that answered. */
  readonly implementation: string | null
  readonly instance_id: string | null
  readonly steps: readonly Step[]
  readonly elapsed_ms: number
  /** Why the role failed. Absent if it passed, and if it was ended because another role had failed. */
  readonly error?: string
}

/** A message of the run that reached a role. */
export interface Delivery {
  readonly id: number
  readonly kind: string
  readonly from: RoleName
  readonly from_transport: TransportName
  readonly to: RoleName
  readonly to_transport: TransportName
  /** Milliseconds from the message's `ts` until the role had it. */
  readonly after_ms: number
}

export interface SmokeVerdict {
  readonly ok: boolean
  readonly url: string
  readonly implementation: string
  readonly instance_id: string
  readonly relay_dir: string
  readonly run: number | null
  /** How the roles over files ran without a network; null if they had one. */
  readonly no_network: { readonly by: string; readonly connecting_to_the_hub: string } | null
  readonly roles: readonly RoleVerdict[]
  readonly deliveries: readonly Delivery[]
  readonly errors: readonly string[]
  readonly elapsed_ms: number
}

export type Circumstances = Pick<SmokeVerdict, 'url' | 'relay_dir' | 'no_network' | 'elapsed_ms'> & {
  readonly hub: HubInfo
  /** The thread's messages at the hub. */
  readonly stored: readonly Message[]
}

/** The orders that the messages of every run have (PROTOCOL §14). */
const SEQUENCES = [
  'smoke-a task, smoke-b artifact, smoke-c notice, smoke-a notice',
  'smoke-c notice, smoke-b notice',
]

export function judge(
  roles: readonly RoleVerdict[],
  { hub, stored, ...circumstances }: Circumstances,
): SmokeVerdict {
  const errors = roles.flatMap(({ error }) => error ?? [])
  const run = roles[0]?.run ?? null
  const isPlayed = roles.every(({ ok }) => ok)
  if (isPlayed) errors.push(...disagreements(roles, hub, stored))
  const { implementation, instance_id } = hub
  const deliveries = deliveriesOf(roles, stored)
  return {
    ok: isPlayed && errors.length === 0,
    implementation,
    instance_id,
    run,
    ...circumstances,
    roles,
    deliveries,
    errors,
  }
}

/** Contradictions between roles that all claim to have passed. */
function disagreements(roles: readonly RoleVerdict[], hub: HubInfo, stored: readonly Message[]): string[] {
  const wrong: string[] = []
  for (const { role, run, instance_id } of roles) {
    if (run !== roles[0]?.run) wrong.push(`${role} was in run #${run}, smoke-a in run #${roles[0]?.run}`)
    if (instance_id !== hub.instance_id) wrong.push(`${role} spoke to another hub, ${instance_id}`)
  }
  const posted = new Set(roles.flatMap(({ steps }) => steps.flatMap((step) => step.posted ?? [])))
  const held = stored.filter(({ id }) => posted.has(id))
  if (held.length !== posted.size) {
    wrong.push(`of the messages ${[...posted]} the hub holds only ${held.map(({ id }) => id)}`)
  }
  const order = held.map(({ from_agent, kind }) => `${from_agent} ${kind}`)
  for (const sequence of SEQUENCES) {
    if (!isWithin(sequence.split(', '), order)) wrong.push(`the hub holds ${order}, which lacks: ${sequence}`)
  }
  return wrong
}

function isWithin(sequence: readonly string[], order: readonly string[]): boolean {
  let next = 0
  for (const one of order) if (one === sequence[next]) next++
  return next === sequence.length
}

function deliveriesOf(roles: readonly RoleVerdict[], stored: readonly Message[]): Delivery[] {
  const deliveries = roles.flatMap(({ role, transport, steps }) =>
    steps.flatMap(({ saw, at }) => {
      const message = stored.find(({ id }) => id === saw)
      const from = roles.find((other) => other.role === message?.from_agent)
      if (!message || !from) return []
      const { id, kind, ts } = message
      const after_ms = Math.max(0, Date.parse(at) - Date.parse(ts))
      const way = { from: from.role, from_transport: from.transport, to: role, to_transport: transport }
      return [{ id, kind, ...way, after_ms }]
    }),
  )
  return deliveries.sort((a, b) => a.id - b.id)
}

const BY = { http: 'HTTP', relay: 'files' } as const

/** The verdict as lines for people. */
export function render(verdict: SmokeVerdict): string[] {
  const { ok, url, implementation, instance_id, run, roles, deliveries, no_network, errors } = verdict
  const seconds = (verdict.elapsed_ms / 1_000).toFixed(1)
  const lines = [
    `smoke run ${ok ? `#${run} PASSED` : 'FAILED'} in ${seconds} s, at ${url} (${implementation}, ${instance_id})`,
  ]
  for (const { role, transport, ok, steps, error } of roles) {
    const posted = steps.flatMap((step) => (step.posted === undefined ? [] : `#${step.posted}`))
    const way = `over ${BY[transport]}${transport === 'relay' && no_network ? ', no network' : ''}`
    const what = posted.length > 0 ? `posted ${posted.join(', ')}` : 'posted nothing'
    lines.push(`  ${role}  ${way.padEnd(22)}  ${ok ? 'passed' : error ? 'failed' : 'ended '}  ${what}`)
  }
  if (ok) lines.push('It proves that what one agent posts reaches the others, whichever way they go:')
  for (const { id, kind, from, from_transport, to, to_transport, after_ms } of deliveries) {
    const way = `${BY[from_transport]} → ${BY[to_transport]}`.padEnd(14)
    lines.push(`  #${id} ${kind.padEnd(8)}  ${from} → ${to}  ${way}  ${after_ms} ms`)
  }
  if (no_network && roles.length === ROLES.length) {
    const { by, connecting_to_the_hub: evidence } = no_network
    lines.push(
      `Over files means ${verdict.relay_dir} and nothing else: those roles ran under "${by}", from where`,
    )
    lines.push(`a connection to the hub fails (${evidence}).`)
  }
  return [...lines, ...errors.map((error) => `failed: ${error}`)]
}
