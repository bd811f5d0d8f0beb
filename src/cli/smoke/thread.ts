// The thread of a smoke run as one role sees it, and how the roles agree on which run they are in without a
// step for it (PROTOCOL §14): a run is the task that smoke-a has posted last, and is named by its id.
//
//   A task counts       if it came while this role was looking. One that was there before counts if smoke-a is at
//                       it: has not closed it by a later notice, still has its session, and, where it has promised
//                       a heartbeat as ours does, has been seen at the hub for some time since this role signed in.
//   A message counts    for a run when its id is higher than the task's and it replies to nothing older.
//   A newer task        of smoke-a begins another run; whoever is in an older one starts anew (`Superseded`).
//
// So the leftovers of earlier runs, finished or broken off, mislead no role, whichever starts first.

import { type ArcClient, ArcError, type Message } from '../../sdk/index.js'

export class Superseded extends ArcError {
  constructor() {
    super(
      'superseded',
      'smoke-a has begun another run in this thread; only one at a time can be seen through',
    )
  }
}

export interface ThreadView {
  readonly channel: string
  readonly threadId: string
  /** Seconds that one look for new messages waits. */
  readonly pollSec: number
  /** Aborted when the role has run out of time. */
  readonly signal: AbortSignal
}

/** What a role waits for. */
export interface Wanted {
  readonly from: string
  readonly kind: string
  readonly containing?: string
}

/** Runs are short: the last one is always among so many messages. */
const TAIL_ROWS = 500
/** The promise that smoke-a gives with its task: to be seen at the hub this often, in seconds. */
const HEARTBEAT = 'heartbeat_sec'
/** A hub may note a sign of life that much later, and in whole seconds: what is older than that is no ghost. */
const NOTED_WITHIN_SEC = 2

export const heartbeat = (pollSec: number) => ({ [HEARTBEAT]: pollSec })

export class SmokeThread {
  readonly #client: ArcClient
  readonly #view: ThreadView
  #messages: Message[] | undefined
  /** The newest message that was there at the first look. */
  #firstSeenId = 0

  constructor(client: ArcClient, view: ThreadView) {
    this.#client = client
    this.#view = view
  }

  /** The task of a run that is under way, as soon as there is one. */
  async liveTask(): Promise<Message> {
    for (;;) {
      const messages = await this.#read()
      const task = newestTask(messages)
      const isClosed = messages.some(({ id, from_agent, kind }) => {
        return task && id > task.id && from_agent === 'smoke-a' && kind === 'notice'
      })
      if (task && !isClosed && (await this.#isAttended(task))) return task
      await this.#more()
    }
  }

  /** The first message of the run that fits. @throws Superseded when smoke-a has begun another run */
  async waitFor(run: Message, { from, kind, containing = '' }: Wanted): Promise<Message> {
    for (;;) {
      const messages = await this.#read()
      if ((newestTask(messages)?.id ?? 0) > run.id) throw new Superseded()
      const found = messages.find((message) => {
        const isOfTheRun = message.id > run.id && (message.reply_to === null || message.reply_to >= run.id)
        const fits = message.from_agent === from && message.kind === kind
        return isOfTheRun && fits && message.body.includes(containing)
      })
      if (found) return found
      await this.#more()
    }
  }

  /** Resolves when something new was said, or after one look that found nothing. */
  async pause(): Promise<void> {
    await this.#read()
    await this.#more()
  }

  async #isAttended(task: Message): Promise<boolean> {
    if (task.id > this.#firstSeenId) return true
    const agents = await this.#client.listAgents({ signal: this.#view.signal })
    const author = agents.find(({ agent_id }) => agent_id === 'smoke-a')
    const me = agents.find(({ agent_id }) => agent_id === this.#client.agentId)
    if (!author || Date.parse(author.created_at) > Date.parse(task.ts)) return false
    const promisedSec = task.metadata[HEARTBEAT]
    if (typeof promisedSec !== 'number' || !me) return true
    const seenForMs = Date.parse(author.last_seen) - Date.parse(me.created_at)
    return seenForMs >= (promisedSec + NOTED_WITHIN_SEC) * 1_000
  }

  async #read(): Promise<readonly Message[]> {
    if (!this.#messages) {
      const { threadId, signal } = this.#view
      const tail = await this.#client.listMessages({ threadId, tail: true, limit: TAIL_ROWS, signal })
      this.#messages = this.#ofTheRoom(tail)
      this.#firstSeenId = tail.at(-1)?.id ?? 0
    }
    return this.#messages
  }

  /** A long-poll of the agent's feed: it also tells the hub that the agent is there. */
  async #more(): Promise<void> {
    const { threadId, pollSec, signal } = this.#view
    const sinceId = this.#messages?.at(-1)?.id ?? 0
    const rows = await this.#client.poll({ threadId, sinceId, timeout: pollSec, includeSelf: true, signal })
    this.#messages?.push(...this.#ofTheRoom(rows))
  }

  #ofTheRoom(messages: readonly Message[]): Message[] {
    return messages.filter(({ channel, to_agent }) => channel === this.#view.channel && to_agent === null)
  }
}

function newestTask(messages: readonly Message[]): Message | undefined {
  return messages.findLast(({ from_agent, kind }) => from_agent === 'smoke-a' && kind === 'task')
}
