// One call of a hook (PROTOCOL §18). It asks the hub what the agent was not shown, hands the text to the harness, and only
// then says `shown`.
//
//   payload ─▶ whose event? ─▶ agent (given, remembered, or named after its project) ─▶ offer ─▶ text written ─▶ shown
//                 │                                                                        at a stop: remembered as held,
//                 └ another harness's, a subagent's, no event of ours: nothing             and shown at the next event
//
// A harness must never suffer from it: whatever fails, it prints nothing, on neither stream, and ends with 0. All calls of
// the hub together take at most `HUB_MS`.

import { writeSync } from 'node:fs'
import { agentOfEnvironment } from '../agent-name.js'
import { ASKED, digestOf, HELD_LEASE_SEC, MOST_STOPS_HELD } from '../digest.js'
import { harnessProcess, processSession } from '../harness-process.js'
import type { Agent, Message, Offer, Wake } from '../protocol/objects.js'
import { shortened } from '../quoting.js'
import { RECENT, recentSince, resumeText } from '../resume-text.js'
import { hubAddress } from '../sdk/hub-address.js'
import { pathPart } from '../sdk/request-text.js'
import { endWatch, type Memory, recall, remember } from '../session-memory.js'
import { editedPaths } from './edits.js'
import type { Harness, Moment, Payload } from './harness.js'
import { editedText, heldEdits, refusedText, tellHolders } from './held-edits.js'
import { HubCalls } from './hub-call.js'
import { callerOf, folderOf, isSubagent, readPayload, textOf } from './payload.js'
import { introduction, signIn } from './sign-in.js'
import { startWatcher } from './watcher.js'

const HUB_MS = 900
/** A hook lives for two seconds at most. If it is killed, its messages are soon offered again. */
const LEASE_SEC = 5
/** A session starts with one of these if its model has lost its context, wholly or in part. */
const LOST_CONTEXT = ['resume', 'compact', 'clear', 'fork']
/** They wake their model when a command in the background has ended. */
const BY_BACKGROUND: readonly string[] = ['qwen', 'copilot']
/** The beginning of a stop's text, by which a later prompt shows it. */
const MARK_CHARS = 60

export interface HookOptions {
  readonly agent?: string | undefined
  /** For harnesses whose payload does not name the event. */
  readonly event?: string | undefined
  /** The person wants the agent to be woken while it is idle. */
  readonly isWaking?: boolean | undefined
}

/** Never rejects. */
export async function runHook(harness: Harness, options: HookOptions): Promise<void> {
  try {
    const payload = await readPayload()
    const event = textOf(payload, 'hook_event_name', 'hookEventName') ?? options.event ?? ''
    const silence = harness.silence?.[event]
    if (silence) writeWhole(JSON.stringify(silence))
    const moment = harness.moments[event]
    const caller = callerOf(payload, process.env)
    if (moment === undefined || isSubagent(payload)) return
    if (caller !== undefined && caller !== harness.name) return
    await new Call(harness, event, moment, payload, options).run()
  } catch {
    // The harness goes on as if there were no hook.
  }
}

class Call {
  readonly #harness: Harness
  readonly #event: string
  readonly #moment: Moment
  readonly #payload: Payload
  readonly #options: HookOptions
  readonly #session: string
  readonly #folder: string
  readonly #process: string | undefined
  readonly #hub: HubCalls
  #memory: Memory | undefined

  constructor(harness: Harness, event: string, moment: Moment, payload: Payload, options: HookOptions) {
    this.#harness = harness
    this.#event = event
    this.#moment = moment
    this.#payload = payload
    this.#options = options
    this.#folder = folderOf(payload) ?? process.cwd()
    this.#session = textOf(payload, 'session_id', 'sessionId', 'conversation_id') ?? this.#folder
    process.chdir(this.#folder) // the hub of that project is asked, wherever the harness runs its hooks
    this.#hub = new HubCalls(
      hubAddress(() => {}),
      HUB_MS,
    )
    this.#process = harness.isOneSession && processSession()
    this.#memory = recall(harness.name, this.#session) ?? this.#ofProcess()
  }

  async run(): Promise<void> {
    try {
      if (this.#moment !== 'stop') endWatch(this.#harness.name, this.#session)
      await this.#settleHeld()
      if (this.#moment === 'end') return await this.#end()
      if (this.#moment === 'edit') return await this.#refuseHeldEdit()
      const isNew = this.#moment === 'start' || this.#memory === undefined
      if (this.#isDeaf) return
      if (isNew || this.#moment === 'prompt') await this.#signIn()
      const before = isNew ? (await this.#introduction()) + (await this.#resumption()) : ''
      if (this.#moment === 'stop') {
        const isHeld = await this.#holdStop()
        if (!isHeld) this.#watch()
      } else await this.#handOver(before + (await this.#noteHeldEdits()))
    } finally {
      this.#hub.close()
    }
  }

  /** The agent of the process, without what another session of it has still open. */
  #ofProcess(): Memory | undefined {
    const memory = this.#process ? recall(this.#harness.name, this.#process) : undefined
    return memory && { ...memory, held: undefined, stopsHeld: 0 }
  }

  get #agentId(): string {
    return this.#memory?.agentId ?? ''
  }

  get #mailbox(): string {
    return `/v1/mailboxes/${pathPart(this.#agentId)}`
  }

  #remember(changes: Partial<Memory>): void {
    this.#memory = { agentId: '', sessionId: '', stopsHeld: 0, ...this.#memory, ...changes }
    remember(this.#harness.name, this.#session, this.#memory)
    if (this.#process) remember(this.#harness.name, this.#process, this.#memory)
  }

  /** Settles what was handed over at the last stop: shown if the turn went on, else offered again. */
  async #settleHeld(): Promise<void> {
    const { held, stopsHeld = 0 } = this.#memory ?? {}
    if (held) {
      const via = `${this.#harness.name} stop`
      const body = this.#hasGoneOn(held.mark) ? { via } : { up_to_id: 0 }
      await this.#hub.post(`${this.#mailbox}/shown`, { offer_id: held.offerId, ...body })
    }
    const isNewTurn = this.#moment === 'prompt' && !(held && this.#hasGoneOn(held.mark))
    const isPersons = isNewTurn && !this.#isWake()
    const isWoken = (this.#memory?.wakes ?? 0) > 0
    if (held || (isNewTurn && stopsHeld > 0) || (isPersons && isWoken)) {
      this.#remember({
        held: undefined,
        ...(isNewTurn && { stopsHeld: 0 }),
        ...(isPersons && { wakes: undefined }),
      })
    }
  }

  /** Whether the harness drops what the hook says now: then a later event hands it over. */
  get #isDeaf(): boolean {
    const { prompt } = this.#payload
    return this.#moment === 'prompt' && this.#harness.deafAt?.test(`${prompt}`) === true
  }

  /** Whether the prompt is that of a harness that was woken, and not a person's. */
  #isWake(): boolean {
    const { prompt } = this.#payload
    return typeof prompt === 'string' && /^(<task-notification>|<system_notification>|Arc: )/.test(prompt)
  }

  /** Whether this event proves that the turn went on after a stop. At its own cap a harness ends the turn without the text. */
  #hasGoneOn(mark: string): boolean {
    const { prompt, stop_hook_active: isActive, loop_count: count } = this.#payload
    switch (this.#moment) {
      case 'edit':
      case 'tool':
        return true
      case 'stop':
        return isActive === true || (typeof count === 'number' && count > 0)
      case 'prompt': // some harnesses call the prompt hook for the text of a stop, or before each request of a turn
        return prompt === '' || (typeof prompt === 'string' && prompt.includes(mark))
      default:
        return false
    }
  }

  /** @throws Error if the hub refuses every name */
  async #signIn(): Promise<void> {
    const newcomer = {
      harness: this.#harness.name,
      session: this.#session,
      folder: this.#folder,
      named: this.#named(),
      process: harnessProcess(),
    }
    this.#remember(await signIn(this.#hub, newcomer))
  }

  #named(): string | undefined {
    const fromEnvironment = this.#harness.hasOwnEnvironment ? agentOfEnvironment() : undefined
    return this.#options.agent ?? fromEnvironment ?? this.#memory?.agentId
  }

  async #introduction(): Promise<string> {
    const isTold = this.#options.isWaking && BY_BACKGROUND.includes(this.#harness.name)
    const waking = isTold
      ? `. While this session is idle nothing reaches it, unless the command "arc wait --agent ${shortened(this.#agentId)}" runs in its background: it ends when a message has come.`
      : ''
    return `${await introduction(this.#hub, this.#agentId)}${waking}\n`
  }

  /** Before an edit: refuses it if another agent holds the file, and tells the holder. */
  async #refuseHeldEdit(): Promise<void> {
    const held = await this.#heldEdits()
    if (!held[0]) return
    this.#write(refusedText(this.#agentId, held[0]))
    await tellHolders(this.#hub, this.#agentId, held, 'refused')
  }

  /** After edits: tells the holders of the files. Returns what the agent is told. */
  async #noteHeldEdits(): Promise<string> {
    const { editsAt = this.#event } = this.#harness
    if (this.#event !== editsAt) return ''
    const held = await this.#heldEdits()
    await tellHolders(this.#hub, this.#agentId, held)
    return editedText(this.#agentId, held)
  }

  async #heldEdits() {
    const paths = editedPaths(this.#payload, this.#folder)
    return this.#memory ? heldEdits(this.#hub, this.#agentId, paths) : []
  }

  /** What the agent has to know to go on. Empty for a session that begins. */
  async #resumption(): Promise<string> {
    if (this.#moment !== 'start' || !LOST_CONTEXT.includes(textOf(this.#payload, 'source') ?? '')) return ''
    const { envelope } = await this.#hub.get<Agent>(`/v1/agents/${pathPart(this.#agentId)}`)
    const agent = envelope.result
    if (!agent) return '' // a hub of version 1
    const query = `agent_id=${pathPart(this.#agentId)}&since_id=${recentSince(agent)}&limit=${RECENT}`
    const { envelope: feed } = await this.#hub.get<Message[]>(`/v1/events?${query}`)
    return `${resumeText({ agent, recent: feed.result ?? [] })}\n`
  }

  async #offer(ambient: boolean, leaseSec: number): Promise<Offer | undefined> {
    const reader = `hook ${process.pid}`
    const body = { reader, ambient, lease_sec: leaseSec, ...ASKED }
    const { envelope } = await this.#hub.post<Offer>(`${this.#mailbox}/offer`, body)
    return envelope.result?.offer_id ? envelope.result : undefined
  }

  async #handOver(before: string): Promise<void> {
    const offer = await this.#offer(true, LEASE_SEC)
    if (!offer && before === '') return
    this.#write(offer ? digestOf(offer, this.#agentId, before) : before.trimEnd())
    if (!offer) return
    const via = `${this.#harness.name} ${this.#moment}`
    await this.#hub.post(`${this.#mailbox}/shown`, { offer_id: offer.offer_id, via })
  }

  /** Holds the turn open for what is addressed to the agent. True if it is held. */
  async #holdStop(): Promise<boolean> {
    const stopsHeld = this.#memory?.stopsHeld ?? 0
    if (stopsHeld >= MOST_STOPS_HELD) return false
    // What needs no reply, or is one more in a long row of agents' messages, waits for the next event.
    const { envelope } = await this.#hub.get<Wake>(`${this.#mailbox}/wake`)
    if (envelope.result?.wake === false) return false
    const offer = await this.#offer(false, HELD_LEASE_SEC)
    if (!offer?.offer_id) return false
    const text = digestOf(offer, this.#agentId)
    this.#remember({
      held: { offerId: offer.offer_id, mark: text.slice(0, MARK_CHARS) },
      stopsHeld: stopsHeld + 1,
    })
    this.#write(text)
    return true
  }

  /** Lets a process of its own wake the idle agent, where the harness takes prompts from outside. */
  #watch(): void {
    const { name } = this.#harness
    if (!this.#options.isWaking || name !== 'codex') return
    startWatcher(name, this.#session, harnessProcess()?.pid)
  }

  async #end(): Promise<void> {
    if (!this.#memory?.sessionId) return
    await this.#hub.delete(`/v1/sessions/${pathPart(this.#memory.sessionId)}`)
    this.#remember({ sessionId: '', stopsHeld: 0 })
  }

  #write(text: string): void {
    writeWhole(JSON.stringify(this.#harness.answer(this.#event, this.#moment, text)))
  }
}

/** Writes to standard output before it returns. @throws Error if the reader is gone */
function writeWhole(text: string): void {
  let rest = Buffer.from(text)
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
  }
}
