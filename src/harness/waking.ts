// Looks at the hub whether an agent may be woken (PROTOCOL §18), for watchers in any program.

import { setTimeout as pause } from 'node:timers/promises'
import type { Wake } from '../protocol/objects.js'
import { shortened } from '../quoting.js'
import { pathPart } from '../sdk/request-text.js'
import { HubCalls } from './hub-call.js'

/** Seconds of one look; a watcher then looks whether its session goes on. */
export const LOOK_SEC = 15
export const RETRY_MS = 3_000
const ANSWER_SEC = 5

/** Undefined: the hub is down, or starts again. */
export async function look(
  agentId: string,
  timeoutSec: number,
  address: () => string,
): Promise<Wake | undefined> {
  let hub: HubCalls | undefined
  try {
    hub = new HubCalls(address(), (timeoutSec + ANSWER_SEC) * 1_000)
    const { envelope } = await hub.get<Wake>(`/v1/mailboxes/${pathPart(agentId)}/wake?timeout=${timeoutSec}`)
    return envelope.result ?? undefined
  } catch {
    return undefined
  } finally {
    hub?.close()
  }
}

/** What wakes a model. The messages follow by the hook of its prompt. */
export function wakeText({ agent_id: agent, from_agent: from }: Wake): string {
  return `Arc: a message of ${shortened(from ?? '')} for agent ${shortened(agent)} has come.`
}

/** Resolves with the text once the agent may be woken, or with undefined when the signal says that it goes on by itself. */
export async function untilWoken(
  agentId: string,
  over: AbortSignal,
  address: () => string,
): Promise<string | undefined> {
  while (!over.aborted) {
    const found = await look(agentId, LOOK_SEC, address)
    if (found === undefined) await pause(RETRY_MS)
    if (found?.wake && !over.aborted) return wakeText(found)
  }
  return undefined
}
