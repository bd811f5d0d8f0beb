// Edits of files that another agent holds, by a lock or an exclusive scope (PROTOCOL §19): the agent is told at once, and the
// holder as well, once for each holding.

import { crypto } from '../crypto.js'
import { leaseWords } from '../lease-words.js'
import type { Lock, Scope } from '../protocol/objects.js'
import { shortened } from '../quoting.js'
import type { HubCalls } from './hub-call.js'

/** A file that an agent edits, and another agent's lease of it. */
export interface HeldEdit {
  readonly path: string
  readonly lease: Lock | Scope
}

type Covering = { readonly result?: readonly Scope[]; readonly lock?: Lock | null }

/** One call for each path. */
export async function heldEdits(
  hub: HubCalls,
  agentId: string,
  paths: readonly string[],
): Promise<HeldEdit[]> {
  const found: HeldEdit[] = []
  for (const path of paths) {
    const { envelope } = await hub.get<Scope[]>(`/v1/scopes?path=${encodeURIComponent(path)}`)
    const { result = [], lock } = envelope as Covering
    const exclusive = result.filter(({ mode }) => mode === 'exclusive')
    const lease = [...(lock ? [lock] : []), ...exclusive].find((one) => one.agent_id !== agentId)
    if (lease) found.push({ path, lease })
  }
  return found
}

/** What the agent is told of edits that have happened. */
export function editedText(agentId: string, held: readonly HeldEdit[]): string {
  return held
    .map(
      ({ path, lease }) =>
        `Arc: ${shortened(path, 200)}, which this session has just changed, is held: ${leaseWords(lease)}. ${shortened(lease.agent_id)} was told. ${asking(agentId, lease)}\n`,
    )
    .join('')
}

/** Why an edit is refused. */
export function refusedText(agentId: string, { path, lease }: HeldEdit): string {
  return `Arc: ${shortened(path, 200)} is held: ${leaseWords(lease)}. It was not changed. ${asking(agentId, lease)}`
}

function asking(agentId: string, lease: Lock | Scope): string {
  const [agent, holder] = [shortened(agentId), shortened(lease.agent_id)]
  return `Asking goes by: arc post --agent ${agent} --to ${holder} "TEXT"`
}

/** Tells the holders. The hub takes each message once for a path, a holding, and what became of the edit. */
export async function tellHolders(
  hub: HubCalls,
  agentId: string,
  held: readonly HeldEdit[],
  fate: 'done' | 'refused' = 'done',
): Promise<void> {
  for (const { path, lease } of held) {
    const what = 'scope_id' in lease ? { scope_id: lease.scope_id } : { locked_at: lease.locked_at }
    const text =
      fate === 'done'
        ? `${agentId} has just changed ${path}, which you hold, and was told so.`
        : `${agentId} wanted to change ${path}, which you hold. It was not changed, and ${agentId} was told that you hold it.`
    const body = {
      from_agent: agentId,
      to_agent: lease.agent_id,
      kind: 'notice',
      body: text,
      metadata: { held_edit: { file_path: path, ...what } },
    }
    const key = crypto().createHash('sha256').update(JSON.stringify(body)).digest('hex')
    await hub.post('/v1/messages', body, key)
  }
}
