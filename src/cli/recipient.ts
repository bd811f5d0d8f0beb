// What the sender of a direct message is told about its addressee: stored is not received.

import type { Message } from '../protocol/objects.js'
import type { PostedMessage } from '../sdk/options.js'
import { say } from './output.js'

/** The message as PROTOCOL §2 has it, which is what scripts read. */
export function withoutRecipient({ recipient: _, ...message }: PostedMessage): Message {
  return message
}

/** Says on standard error if the addressee is away, or has never been there. */
export function sayWhetherThere({ id, recipient }: PostedMessage): void {
  if (!recipient || recipient.present) return
  const { agent_id, known, last_seen } = recipient
  const seen = last_seen === null ? '' : `, last seen ${last_seen}`
  const why = known
    ? `${agent_id} is away${seen}`
    : `nobody of the name ${agent_id} has signed in yet; arc agents shows who is here`
  say(`arc: ${id} is stored; ${why}`)
}
