// The plugin of opencode (1.18.33), which has no hooks by configuration: `arc setup` writes a file that loads it. It runs inside
// opencode, in Bun. What other agents have said is put into the person's message, and into the output of a tool.
//
//   chat.message, tool.execute.after ─▶ offer ─▶ text put in ─▶ messages.transform: it stands in the request ─▶ shown
//
// opencode must never suffer from it: whatever fails, it adds nothing, writes nothing, and throws nothing. All calls of the hub
// at one event take at most `HUB_MS`. What it throws on purpose, if it was asked to, is the refusal of an edit.

import { agentOfEnvironment } from '../agent-name.js'
import { ASKED, digestOf } from '../digest.js'
import { ownProcess, ownSession } from '../harness-process.js'
import type { Offer } from '../protocol/objects.js'
import { hubAddress } from '../sdk/hub-address.js'
import { pathPart } from '../sdk/request-text.js'
import { recall, remember } from '../session-memory.js'
import { editedPaths } from './edits.js'
import { editedText, type HeldEdit, heldEdits, refusedText, tellHolders } from './held-edits.js'
import { HubCalls } from './hub-call.js'
import { introduction, signIn } from './sign-in.js'
import { untilWoken } from './waking.js'

const NAME = 'opencode'
const HUB_MS = 900
/** The output of a tool waits for the other tools of its turn. */
const LEASE_SEC = 300

interface Input {
  readonly sessionID: string
}

interface ToolCall extends Input {
  readonly tool: string
  readonly args?: unknown
}

/** What the person has asked for. */
export interface Wishes {
  readonly wake?: boolean
  readonly refuseHeldEdits?: boolean
}

interface TextPart {
  readonly type: 'text'
  readonly text: string
}

/** The hooks that Arc uses, by opencode's own names. */
export interface Hooks {
  event(given: { event: { type: string; properties?: unknown } }): Promise<void>
  'chat.message'(input: Input, output: { parts: object[] }): Promise<void>
  /** The tool does not run if it rejects; the model is told the error's text. */
  'tool.execute.before'(input: ToolCall, output: { args?: unknown }): Promise<void>
  /** A tool of an MCP server has `content`, another one `output`. */
  'tool.execute.after'(input: ToolCall, output: { output?: unknown; content?: unknown }): Promise<void>
  'experimental.chat.messages.transform'(input: object, output: { messages: object[] }): Promise<void>
  dispose(): Promise<void>
}

interface PutIn {
  readonly text: string
  readonly offerId: string
  readonly agentId: string
  readonly via: string
  readonly lapsesAt: number
}

/** What opencode hands to a plugin, as far as Arc uses it. */
interface Given {
  readonly directory: string
  readonly client?: {
    readonly session: {
      promptAsync(given: { path: { id: string }; body: { parts: object[] } }): Promise<unknown>
    }
  }
}

/**
 * What opencode calls at its start, for each folder. With `wake`, an idle session is woken for what is addressed to its agent; with
 * `refuseHeldEdits`, a file that another agent holds is not edited.
 */
export async function Arc({ directory, client }: Given, given: Wishes = {}): Promise<Hooks> {
  const { wake = false, refuseHeldEdits = false } = given
  const room = new Room(directory, wake ? client : undefined)
  return {
    event: (given) => silently(() => room.event(given.event.type, given.event.properties)),
    'chat.message': (input, output) =>
      silently(async () => {
        const { parts } = output
        const text = await room.atPrompt(input.sessionID)
        // The last of the parts, which opencode sorts by their ids.
        const id = `prt_zzarc${Date.now()}`
        if (text !== '') parts.push({ ...parts[0], id, synthetic: true, type: 'text', text })
      }),
    'tool.execute.before': async ({ sessionID, tool }, output) => {
      let refusal = ''
      await silently(async () => {
        if (refuseHeldEdits) refusal = await room.beforeTool({ sessionID, tool, args: output.args })
      })
      if (refusal !== '') throw new Error(refusal)
    },
    'tool.execute.after': (input, output) =>
      silently(async () => {
        const text = await room.afterTool(input)
        if (text === '') return
        if (typeof output.output === 'string') output.output += `\n\n${text}`
        else if (Array.isArray(output.content)) output.content.push({ type: 'text', text } satisfies TextPart)
      }),
    'experimental.chat.messages.transform': (_, output) => silently(() => room.atRequest(output.messages)),
    dispose: () => silently(() => room.leave()),
  }
}

async function silently(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch {
    // opencode goes on as if there were no plugin.
  }
}

class Room {
  readonly #folder: string
  /** Absent: the person does not want idle sessions to be woken. */
  readonly #client: Given['client']
  /** The idle sessions that are watched. */
  readonly #idle = new Map<string, AbortController>()
  /** As the MCP server knows opencode's session: opencode tells it none. */
  readonly #process: string | undefined
  /** The agent of each session, once its first message has come. */
  readonly #agents = new Map<string, { agentId: string; sessionId: string }>()
  /** The sessions to which a prompt came. A busy start may have kept the hub's answer from one: it signs in at its next event. */
  readonly #prompted = new Set<string>()
  /** Those whose model was told who it is. */
  readonly #introduced = new Set<string>()
  /** Sessions of subagents: they are not agents of the room. */
  readonly #children = new Set<string>()
  #putIn: PutIn[] = []
  #offers = 0

  constructor(folder: string, client: Given['client']) {
    this.#folder = folder
    this.#client = client
    this.#process = ownSession(folder)
  }

  /** The sessions as they come and go, and become idle. */
  async event(type: string, properties: unknown): Promise<void> {
    const { info, sessionID } = (properties ?? {}) as {
      info?: { id?: unknown; parentID?: unknown }
      sessionID?: unknown
    }
    if (type === 'session.idle' && typeof sessionID === 'string') this.#watch(sessionID)
    if (typeof info?.id !== 'string') return
    if (type === 'session.deleted') await this.#end(info.id)
    else if (typeof info.parentID === 'string') this.#children.add(info.id)
  }

  /** The text for the person's message; '' for none. */
  async atPrompt(session: string): Promise<string> {
    if (this.#children.has(session)) return ''
    this.#goesOn(session)
    this.#prompted.add(session)
    return this.#withHub(async (hub) => {
      const { agentId } = await this.#signIn(hub, session)
      return this.#offered(hub, agentId, 'prompt', await this.#introduction(hub, session, agentId))
    })
  }

  /** Why the tool must not run; '' if it may. */
  async beforeTool(call: ToolCall): Promise<string> {
    return this.#aboutEdits(call, async (hub, agentId, held) => {
      if (!held[0]) return ''
      await tellHolders(hub, agentId, held, 'refused')
      return refusedText(agentId, held[0])
    })
  }

  /** The text for the output of a tool. */
  async afterTool(call: ToolCall): Promise<string> {
    return this.#aboutEdits(call, async (hub, agentId, held) => {
      await tellHolders(hub, agentId, held)
      const before = [
        await this.#introduction(hub, call.sessionID, agentId),
        editedText(agentId, held).trimEnd(),
      ]
      return this.#offered(hub, agentId, 'tool', before.filter((text) => text !== '').join('\n'))
    })
  }

  async #aboutEdits(
    { sessionID, tool, args }: ToolCall,
    work: (hub: HubCalls, agentId: string, held: readonly HeldEdit[]) => Promise<string>,
  ): Promise<string> {
    if (!this.#prompted.has(sessionID)) return ''
    const paths = editedPaths({ tool_name: tool, tool_input: args }, this.#folder)
    return this.#withHub(async (hub) => {
      const agentId = await this.#agentOf(hub, sessionID)
      return work(hub, agentId, await heldEdits(hub, agentId, paths))
    })
  }

  /** A request goes to the model: what stands in it was shown. */
  async atRequest(messages: readonly object[]): Promise<void> {
    if (this.#putIn.length === 0) return
    const request = JSON.stringify(messages)
    const isIn = ({ text }: PutIn) => request.includes(JSON.stringify(text).slice(1, -1))
    const shown = this.#putIn.filter(isIn)
    this.#putIn = this.#putIn.filter((one) => !shown.includes(one) && one.lapsesAt > Date.now())
    await this.#withHub(async (hub) => {
      for (const { agentId, offerId, via } of shown)
        await hub.post(`/v1/mailboxes/${pathPart(agentId)}/shown`, { offer_id: offerId, via })
    })
  }

  async leave(): Promise<void> {
    for (const session of this.#agents.keys()) await this.#end(session)
  }

  async #signIn(hub: HubCalls, session: string) {
    const named = agentOfEnvironment() || this.#agents.get(session)?.agentId || this.#recalled(session)
    const newcomer = { harness: NAME, session, folder: this.#folder, named, process: ownProcess() }
    const agent = await signIn(hub, newcomer)
    this.#agents.set(session, agent)
    for (const one of [session, this.#process])
      if (one !== undefined) remember(NAME, one, { stopsHeld: 0, ...agent })
    return agent
  }

  async #agentOf(hub: HubCalls, session: string): Promise<string> {
    return (this.#agents.get(session) ?? (await this.#signIn(hub, session))).agentId
  }

  async #introduction(hub: HubCalls, session: string, agentId: string): Promise<string> {
    if (this.#introduced.has(session)) return ''
    const text = await introduction(hub, agentId)
    this.#introduced.add(session)
    return text
  }

  #recalled(session: string): string | undefined {
    const memory = recall(NAME, session) ?? (this.#process ? recall(NAME, this.#process) : undefined)
    return memory?.agentId
  }

  async #offered(hub: HubCalls, agentId: string, moment: string, before: string): Promise<string> {
    // A reader has one offer at a time, and tools may run at once.
    const body = { reader: `${NAME} ${process.pid} ${++this.#offers}`, lease_sec: LEASE_SEC, ...ASKED }
    const { envelope } = await hub.post<Offer>(`/v1/mailboxes/${pathPart(agentId)}/offer`, body)
    const offer = envelope.result
    if (!offer?.offer_id) return before
    const text = digestOf(offer, agentId, before === '' ? '' : `${before}\n`)
    const lapsesAt = Date.now() + LEASE_SEC * 1_000
    this.#putIn.push({ text, offerId: offer.offer_id, agentId, via: `${NAME} ${moment}`, lapsesAt })
    return text
  }

  /** Wakes the session, once something has come for its agent, by a prompt of its own. `chat.message` then hands it over. */
  #watch(session: string): void {
    const client = this.#client
    if (!this.#prompted.has(session) || !client || this.#idle.has(session)) return
    const watch = new AbortController()
    this.#idle.set(session, watch)
    void silently(async () => {
      const agentId = await this.#withHub((hub) => this.#agentOf(hub, session))
      const text = await untilWoken(agentId, watch.signal, () => hubAddress(() => {}, this.#folder))
      if (text === undefined) return
      this.#goesOn(session)
      await client.session.promptAsync({ path: { id: session }, body: { parts: [{ type: 'text', text }] } })
    })
  }

  #goesOn(session: string): void {
    this.#idle.get(session)?.abort()
    this.#idle.delete(session)
  }

  async #end(session: string): Promise<void> {
    this.#goesOn(session)
    const agent = this.#agents.get(session)
    this.#agents.delete(session)
    this.#children.delete(session)
    this.#prompted.delete(session)
    this.#introduced.delete(session)
    const isUsed = [...this.#agents.values()].some(({ sessionId }) => sessionId === agent?.sessionId)
    if (agent && !isUsed)
      await this.#withHub((hub) => hub.delete(`/v1/sessions/${pathPart(agent.sessionId)}`))
  }

  async #withHub<T>(work: (hub: HubCalls) => Promise<T>): Promise<T> {
    const hub = new HubCalls(
      hubAddress(() => {}, this.#folder),
      HUB_MS,
    )
    try {
      return await work(hub)
    } finally {
      hub.close()
    }
  }
}
