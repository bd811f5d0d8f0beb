// Who the person at this page is among the agents: `operator`, or the first free variant of it. Remembered in
// this browser, so that a reload, or a second tab, is the same one; another browser at the same hub gets the next name.
//
// A session is asked for under a key that follows from what is remembered. So tabs that sign in at the same time, and a page
// that is loaded again before it had its answer, get one session, and not a name each.

import type { Bootstrap, Session } from '../protocol/objects.js'
import { get, HubError, post } from './api.js'

const MEMORY = 'arc-operator'
const NAME = 'operator'
/** More people than this at one hub share a name. */
const MAX_VARIANTS = 50

/** Rounds of asking for a session, and looking whether it is the one that lives. */
const MAX_ROUNDS = 4

interface Memory {
  readonly agentId: string
  /** Before there is one, something that this browser alone knows. */
  readonly sessionId: string
  readonly displayName: string
}

/** Of a browser that keeps nothing: it is forgotten with the page. */
let unkept: Memory | undefined

export interface SignedIn {
  readonly session: Session
  /** The newest message that the operator may see. */
  readonly latestId: number
}

/** Takes up the remembered session if it is still there, else opens one. @throws HubError */
export async function signIn(): Promise<SignedIn> {
  const first = recall().agentId
  const candidates = [first, ...variants().filter((name) => name !== first)]
  for (const agentId of candidates) {
    const signedIn = await signInAs(agentId)
    if (signedIn) return signedIn
  }
  throw new HubError('Every name for an operator is taken.', 409)
}

export function remember({
  agent_id: agentId,
  session_id: sessionId,
  display_name: displayName,
}: Session): void {
  keep({ agentId, sessionId, displayName })
}

/** Undefined when another live session has the name. */
async function signInAs(agentId: string): Promise<SignedIn | undefined> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { session: live, latest_visible_id: latestId } = await bootstrap(agentId)
    const memory = recall()
    if (live && memory.agentId === agentId && live.session_id === memory.sessionId)
      return { session: live, latestId }
    const opened = await open(agentId, memory)
    if (!opened) return undefined
    // An answer that was given earlier may tell of a session that has ended since: then the next key is another.
    remember(opened)
  }
  return undefined
}

async function open(agentId: string, memory: Memory): Promise<Session | undefined> {
  const request = {
    agent_id: agentId,
    display_name: memory.agentId === agentId ? memory.displayName : agentId,
    capabilities: ['operator'],
    metadata: { client: 'arc-dashboard' },
  }
  const key = `dashboard-${agentId}-${memory.sessionId}`.replace(/[^\w-]/g, '_').slice(0, 128)
  try {
    return await post<Session>('/v1/sessions', request, key)
  } catch (error) {
    // Another agent has the name; or a tab of this browser has asked under the key, in other words.
    if (error instanceof HubError && (error.status === 409 || error.status === 422)) return undefined
    throw error
  }
}

function bootstrap(agentId: string): Promise<Bootstrap> {
  return get(`/v1/bootstrap?agent_id=${encodeURIComponent(agentId)}`)
}

function variants(): string[] {
  return Array.from({ length: MAX_VARIANTS }, (_, i) => (i === 0 ? NAME : `${NAME}-${i + 1}`))
}

function recall(): Memory {
  try {
    const found = JSON.parse(localStorage.getItem(MEMORY) ?? 'null')
    if (typeof found?.agentId === 'string' && typeof found.sessionId === 'string') return found
  } catch {
    // it keeps nothing, or what is kept is not ours
  }
  if (unkept) return unkept
  // `randomUUID` is for secure contexts alone, and a hub may be asked over a network.
  const random = crypto.getRandomValues(new Uint32Array(4)).join('-')
  return keep({ agentId: NAME, sessionId: `none-${random}`, displayName: NAME })
}

function keep(memory: Memory): Memory {
  try {
    localStorage.setItem(MEMORY, JSON.stringify(memory))
    unkept = undefined
  } catch {
    unkept = memory
  }
  return memory
}
