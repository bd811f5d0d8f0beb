// The thread of a smoke run as one role sees it: read once, then followed by long-polls until the rules (`rules.ts`) find
// what the role waits for.

import { type ArcClient, ArcError, type Message } from '../../sdk/index.js'
import { isAttended, isSuperseded, openTask, type Wanted, wantedOf } from './rules.js'

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

/** Runs are short: the last one is always among so many messages. */
const TAIL_ROWS = 500

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
      const task = openTask(await this.#read())
      if (task && (await this.#isAttended(task))) return task
      await this.#more()
    }
  }

  /** The first message of the run that fits. @throws Superseded when smoke-a has begun another run */
  async waitFor(run: Message, wanted: Wanted): Promise<Message> {
    for (;;) {
      const messages = await this.#read()
      if (isSuperseded(run, messages)) throw new Superseded()
      const found = wantedOf(run, messages, wanted)
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
    return isAttended(task, agents, this.#client.agentId)
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
