// What the sender of a direct message is told about its addressee: stored is not received.

import { ArcError } from '../protocol/errors.js'
import type { Agent, Message } from '../protocol/objects.js'
import type { ArcClient } from '../sdk/client.js'
import type { PostedMessage } from '../sdk/options.js'
import { say } from './output.js'
import { ifSupported } from './unsupported.js'

/** The message as PROTOCOL §2 has it, which is what scripts read. */
export function withoutRecipient({ recipient: _, ...message }: PostedMessage): Message {
  return message
}

/** Says on standard error if the addressee is away, or has never been there. */
export function sayWhetherThere({ id, recipient }: PostedMessage): void {
  if (!recipient || recipient.present) return
  const { agent_id, known, last_seen } = recipient
  const seen = last_seen === null ? '' : `, last seen ${last_seen}`
  const why = known ? `${agent_id} is away${seen}` : unknown(agent_id)
  say(`arc: ${id} is stored; ${why}`)
}

const unknown = (agentId: string) =>
  `nobody of the name ${agentId} has signed in yet; arc agents shows who is here`

/** Says on standard error if no agent has had that name. */
export async function sayIfUnknown(client: ArcClient, agentId: string): Promise<void> {
  if ((await agentOrUnknown(client, agentId)) === 'unknown') say(`arc: ${unknown(agentId)}`)
}

/** Undefined: the hub is one of version 1, and does not tell. */
export async function agentOrUnknown(
  client: ArcClient,
  agentId: string,
): Promise<Agent | 'unknown' | undefined> {
  try {
    return (await ifSupported(client.agent(agentId)))?.result
  } catch (error) {
    if (error instanceof ArcError && error.status === 404) return 'unknown'
    throw error
  }
}
