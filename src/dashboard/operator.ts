// The operator: the person at this page as an agent, named `operator` or the first free variant of it. The browser keeps the
// name, so a reload and a second tab are the same operator. Another browser at the same hub gets the next name.
//
// The page opens a session under an idempotency key that it computes from what the browser keeps. So tabs that sign in at the
// same time get one session, and so does a page that is reloaded before its answer came.

import type { Bootstrap, Session } from '../protocol/objects.js'
import { get, HubError, post } from './api.js'

const MEMORY = 'arc-operator'
const NAME = 'operator'
/** The most operators at one hub. A further one can't sign in. */
const MAX_VARIANTS = 50

/** Rounds in which it opens a session and checks that the hub has that one. */
const MAX_ROUNDS = 4

interface Memory {
  readonly agentId: string
  /** Before the first session, a random value of this browser. */
  readonly sessionId: string
  readonly displayName: string
}

/** The memory of a page whose browser keeps nothing. */
let unkept: Memory | undefined

export interface SignedIn {
  readonly session: Session
  /** The newest message that the operator may see. */
  readonly latestId: number
}

/** Continues the kept session if the hub still has it, else opens one. @throws HubError */
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

/** Undefined if another operator's session has the name. */
async function signInAs(agentId: string): Promise<SignedIn | undefined> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    // Before the hub is asked: meanwhile another tab may sign in, and this memory's key gets the same session.
    const memory = recall()
    const { session: live, latest_visible_id: latestId } = await bootstrap(agentId)
    if (live && memory.agentId === agentId && live.session_id === memory.sessionId)
      return { session: live, latestId }
    const opened = await open(agentId, memory)
    if (!opened && recall().sessionId !== memory.sessionId) continue // another tab has signed in
    if (!opened) return undefined
    // The answer may be a stored one, of a session that has ended. The next round then uses another key.
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
    // 409: another agent has the name. 422: a tab of this browser sent another request under the key.
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
    // the browser keeps nothing, or the value is not ours
  }
  if (unkept) return unkept
  // `randomUUID` needs a secure context, which a page from a network address is not.
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
