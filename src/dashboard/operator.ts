// Who the person at this page is among the agents: `operator`, or the first free variant of it. Remembered in
// this browser, so that a reload, or a second tab, is the same one; another browser at the same hub gets the next name.

import type { Bootstrap, Session } from '../protocol/objects.js'
import { get, HubError, post } from './api.js'

const MEMORY = 'arc-operator'
const NAME = 'operator'
/** More people than this at one hub share a name. */
const MAX_VARIANTS = 50

interface Remembered {
  readonly agentId: string
  readonly sessionId: string
  readonly displayName: string
}

export interface SignedIn {
  readonly session: Session
  /** The newest message that the operator may see. */
  readonly latestId: number
}

/** Takes up the remembered session if it is still there, else opens one. @throws HubError */
export async function signIn(): Promise<SignedIn> {
  const remembered = recall()
  const first = remembered?.agentId ?? NAME
  const candidates = [first, ...variants().filter((name) => name !== first)]
  for (const agentId of candidates) {
    const session = await open(agentId, remembered)
    if (!session) continue
    remember(session)
    const { latest_visible_id: latestId } = await bootstrap(agentId)
    return { session, latestId }
  }
  throw new HubError('Every name for an operator is taken.', 409)
}

export function remember({
  agent_id: agentId,
  session_id: sessionId,
  display_name: displayName,
}: Session): void {
  try {
    localStorage.setItem(MEMORY, JSON.stringify({ agentId, sessionId, displayName }))
  } catch {
    // a browser that keeps nothing: the name is then forgotten with the page
  }
}

/** Undefined when another live session has the name. */
async function open(agentId: string, remembered: Remembered | undefined): Promise<Session | undefined> {
  const own = remembered?.agentId === agentId ? remembered : undefined
  const { session } = await bootstrap(agentId)
  if (session) return session.session_id === own?.sessionId ? session : undefined
  try {
    return await post<Session>('/v1/sessions', {
      agent_id: agentId,
      display_name: own?.displayName ?? agentId,
      capabilities: ['operator'],
      metadata: { client: 'arc-dashboard' },
    })
  } catch (error) {
    if (error instanceof HubError && error.status === 409) return undefined // somebody was faster
    throw error
  }
}

function bootstrap(agentId: string): Promise<Bootstrap> {
  return get(`/v1/bootstrap?agent_id=${encodeURIComponent(agentId)}`)
}

function variants(): string[] {
  return Array.from({ length: MAX_VARIANTS }, (_, i) => (i === 0 ? NAME : `${NAME}-${i + 1}`))
}

function recall(): Remembered | undefined {
  try {
    const found = JSON.parse(localStorage.getItem(MEMORY) ?? 'null')
    return typeof found?.agentId === 'string' ? found : undefined
  } catch {
    return undefined
  }
}
