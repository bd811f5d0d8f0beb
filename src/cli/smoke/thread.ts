// The thread of a smoke run as one role sees it. It reads the thread once, then follows it by long-polls until the rules
// (`rules.ts`) find the message that the role waits for.

import { type ArcClient, ArcError, type Message } from '../../sdk/index.js'
import { isAttended, isSuperseded, openTask, type WantedMessage, wantedOf } from './rules.js'

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
  /** Seconds of one long-poll. */
  readonly pollSec: number
  /** Aborted at the role's time-out. */
  readonly signal: AbortSignal
}

/** A run has few messages: the newest run is within this many. */
const TAIL_ROWS = 500

export class SmokeThread {
  readonly #client: ArcClient
  readonly #view: ThreadView
  #messages: Message[] | undefined
  /** The newest message at the first look. */
  #firstSeenId = 0

  constructor(client: ArcClient, view: ThreadView) {
    this.#client = client
    this.#view = view
  }

  /** Waits for the task of a live run. */
  async liveTask(): Promise<Message> {
    for (;;) {
      const task = openTask(await this.#read())
      if (task && (await this.#isAttended(task))) return task
      await this.#more()
    }
  }

  /** Waits for the first message of the run that fits. @throws Superseded when smoke-a has begun another run */
  async waitFor(run: Message, wanted: WantedMessage): Promise<Message> {
    for (;;) {
      const messages = await this.#read()
      if (isSuperseded(run, messages)) throw new Superseded()
      const found = wantedOf(run, messages, wanted)
      if (found) return found
      await this.#more()
    }
  }

  /** Resolves with the next message, or after one long-poll without any. */
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

  /** One long-poll of the agent's feed, which is also the agent's sign of life. */
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
