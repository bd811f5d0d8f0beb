// Hooks that Claude Code calls at the hub itself, without a process (PROTOCOL §18): after tools, where hooks cost most, and at a
// stop. The session's start and its end need a process, which binds the session to the program; Claude Code takes no HTTP there.
// The prompt has both: the process signs in, and the call tells the hub what became of the last stop. A process notes edits.

import { pathPart } from '../sdk/request-text.js'
import type { Edit } from './configuration.js'
import { EDIT_MATCHER } from './edits.js'
import { HubCalls } from './hub-call.js'
import { textIn } from './text-in.js'

/** The hub that is called, and the agent that its address names: the hub can't know the caller otherwise. */
export interface HttpHooks {
  readonly url: string
  readonly agent: string
}

const PATH = '/v1/hooks/claude/'
const CALLED = new RegExp(`"((?:https?:)[^"\\s]*)${PATH}([^"/\\s]+)"`)
/** Claude Code waits ten minutes if nothing is said. */
const TIMEOUT_SEC = 2
const CALL_MS = 2_000
const isHttpHook = (text: string) => text.includes(PATH)

export const hookUrl = ({ url, agent }: HttpHooks): string =>
  `${url.replace(/\/+$/, '')}${PATH}${pathPart(agent)}`

/** The hooks of Claude Code: by a process, and, with `http`, by calls where these can be. */
export function claudeHooks(
  handler: { readonly args: readonly string[] } & object,
  http: HttpHooks | undefined,
  isOurHook: (text: string) => boolean,
): { edits: Edit[]; gone: Edit[] } {
  const entry = (event: string, value: object, isOurs = isOurHook): Edit => ({
    path: ['hooks', event],
    value,
    isOurs,
  })
  const byProcess = (events: readonly string[], own = handler) =>
    events.map((event) => entry(event, { hooks: [own] }))
  const afterEdit = (own = handler) => entry('PostToolUse', { matcher: EDIT_MATCHER, hooks: [own] })
  const replaced = ['PostToolBatch', 'Stop']
  if (!http) {
    const events = ['SessionStart', 'UserPromptSubmit', ...replaced, 'SessionEnd']
    return { edits: [...byProcess(events), afterEdit()], gone: [] }
  }
  const named = { ...handler, args: [...handler.args, '--agent', http.agent] }
  const call = { hooks: [{ type: 'http', url: hookUrl(http), timeout: TIMEOUT_SEC }] }
  const edits = [
    ...byProcess(['SessionStart', 'UserPromptSubmit', 'SessionEnd'], named),
    afterEdit(named),
    ...['UserPromptSubmit', ...replaced].map((event) => entry(event, call, isHttpHook)),
  ]
  return { edits, gone: byProcess(replaced) }
}

/** What an earlier run has written into a file. */
export function httpHooksIn(file: string): HttpHooks | undefined {
  const [, url, agent] = CALLED.exec(textIn(file)) ?? []
  if (url === undefined || agent === undefined) return undefined
  try {
    return { url, agent: decodeURIComponent(agent) }
  } catch {
    return undefined
  }
}

/** The address in an entry of `claudeHooks`; undefined for a hook with a process. */
export function calledUrl(value: object | string): string | undefined {
  const { hooks: [handler] = [] } = value as { hooks?: readonly { readonly url?: string }[] }
  return handler?.url
}

/** Calls the hub as such a hook does, at an event that changes nothing. Undefined: it answers as it should. */
export async function whyUncallable({ url, agent }: HttpHooks): Promise<string | undefined> {
  const hub = new HubCalls(url, CALL_MS)
  try {
    const payload = { session_id: 'arc-doctor', hook_event_name: 'SessionStart' }
    const { status, envelope } = await hub.post(`${PATH}${pathPart(agent)}`, payload)
    return status === 200 ? undefined : (envelope.error ?? `it answers with ${status}`)
  } catch (error) {
    return (error as Error).message
  } finally {
    hub.close()
  }
}
