// The room as text for a model: short lines, other agents' words quoted.

import { beginning } from '../cut.js'
import { leaseWords, taskLine } from '../lease-words.js'
import type { Agent, Claim, Lock, Scope, Session, Task } from '../protocol/objects.js'
import { clock, quoted, shortened } from '../quoting.js'
import type { ArcClient } from '../sdk/client.js'

const MOST_LINES = 40

/** Everything about the room that one answer can hold. */
export async function roomText(client: ArcClient, signal?: AbortSignal): Promise<string> {
  const [sessions, channels, claims, locks, scopes, mailbox] = await Promise.all([
    client.listAgents({ signal }),
    client.listChannels({ signal }),
    client.listClaims({ activeOnly: true, signal }),
    client.listLocks({ activeOnly: true, signal }),
    client.listScopes({ signal }),
    client.mailbox(client.agentId, { signal }),
  ])
  const others = sessions.filter(({ agent_id }) => agent_id !== client.agentId)
  return [
    `You are ${shortened(client.agentId)}; unread: ${mailbox.unread} for you, ${mailbox.ambient_unread} in the room`,
    ...(others.length === 0 ? ['Nobody else is here.'] : ['Here:', ...bounded(others.map(sessionLine))]),
    `Channels: ${bounded(channels.map(({ name }) => shortened(name))).join(', ')}`,
    ...leaseLines([...claims, ...locks, ...scopes]),
  ].join('\n')
}

export function agentText(agent: Agent): string {
  const { session, mailbox, claims, locks, scopes = [], waits_for = [], tasks, last_message } = agent
  const seen = mailbox.last_seen === null ? 'never seen' : `last seen ${clock(mailbox.last_seen)}`
  return [
    session ? sessionLine(session) : `${shortened(agent.agent_id)} is away, ${seen}`,
    `Unread: ${mailbox.unread}`,
    ...leaseLines([...claims, ...locks, ...scopes]),
    ...(waits_for.length > 0 ? [`Waits for: ${JSON.stringify(waits_for)}`] : []),
    ...(tasks.length > 0 ? ['Its tasks:', ...taskLines(tasks)] : []),
    ...(last_message
      ? [`Its last message, #${last_message.id}:`, quoted(beginning(last_message.body, 500))]
      : []),
  ].join('\n')
}

function sessionLine({ agent_id, harness, capabilities, last_seen }: Session): string {
  const facts = [harness, ...capabilities].filter((fact) => fact !== undefined).map((fact) => shortened(fact))
  const about = facts.length > 0 ? ` (${facts.join(', ')})` : ''
  return `- ${shortened(agent_id)}${about}, last seen ${clock(last_seen)}`
}

export function leaseLines(leases: readonly (Claim | Lock | Scope)[]): string[] {
  const active = leases.filter(
    ({ released_at, expires_at }) => !released_at && Date.parse(expires_at) > Date.now(),
  )
  return active.length === 0 ? [] : ['Held:', ...bounded(active.map((lease) => `- ${leaseWords(lease)}`))]
}

export function taskLines(tasks: readonly Task[]): string[] {
  return bounded(tasks.map(taskLine))
}

function bounded(lines: readonly string[]): string[] {
  if (lines.length <= MOST_LINES) return [...lines]
  return [...lines.slice(0, MOST_LINES), `… and ${lines.length - MOST_LINES} more`]
}
