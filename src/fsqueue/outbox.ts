// Responses on their way into the spool. Those that become ready during a write go with the next one, so a burst costs few
// tasks, and a lone response never waits. A response that can't be written (a full disk, a link in place of a folder) is
// tried again, less and less often. When too many of them collect, the oldest are dropped. Their requests stay claimed
// without a response, so housekeeping returns them to the host later, and the executor is asked once more.

import type { Complaints } from './complaints.js'
import type { HostOptions } from './host-options.js'
import type { FilePool } from './pool.js'
import type { ResponseText } from './write-responses.js'

const RESPONSES_A_TASK = 128
/** So many responses are worth a second thread. Waking a thread costs more than writing a few. */
const RESPONSES_FOR_TWO = 32
const RETRY_MS = { first: 500, longest: 8_000 } as const
/** The most responses that are kept for another try, in number and in characters. */
const MAX_HELD = { responses: 10_000, chars: 4 * 1024 * 1024 } as const

interface Held {
  readonly response: ResponseText
  readonly tries: number
  readonly retryAt: number
}

type Ready = Omit<Held, 'retryAt'>

export interface OutboxOptions extends Pick<HostOptions, 'spool' | 'onFailure'> {
  readonly pool: FilePool
  readonly complaints: Complaints
  readonly onWritten: (queue: string, stem: string) => void
  /** The response was dropped. */
  readonly onDropped: (queue: string, stem: string) => void
}

export class Outbox {
  readonly #options: OutboxOptions
  #ready: Ready[] = []
  #held: Held[] = []
  #heldChars = 0
  #writing = 0
  #flush: NodeJS.Immediate | undefined
  #retryTimer: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  add(response: ResponseText): void {
    this.#ready.push({ response, tries: 0 })
    this.#schedule()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#retryTimer)
    if (this.#flush) clearImmediate(this.#flush)
  }

  /** Writes after this turn of the event loop, together with what becomes ready in it. */
  #schedule(): void {
    if (this.#closed) return
    this.#flush ??= setImmediate(() => {
      this.#flush = undefined
      const { threads } = this.#options.pool
      while (this.#ready.length > (this.#writing === 0 ? 0 : RESPONSES_FOR_TWO) && this.#writing < threads) {
        this.#write(this.#ready.splice(0, RESPONSES_A_TASK)).catch(this.#options.onFailure)
      }
    })
  }

  async #write(batch: readonly Ready[]): Promise<void> {
    const { pool, spool, complaints, onWritten } = this.#options
    this.#writing++
    const problems = await pool.run('writeResponses', {
      spool,
      responses: batch.map(({ response }) => response),
    })
    this.#writing--
    for (const [i, ready] of batch.entries()) {
      const { queue, stem } = ready.response
      const problem = problems[i]
      if (problem === undefined) {
        if (ready.tries > 0) complaints.over(`answers ${queue}`)
        onWritten(queue, stem)
        continue
      }
      complaints.about(
        `answers ${queue}`,
        `responses/${queue} can't be written for now, it is tried again: ${problem}`,
      )
      this.#hold(ready)
    }
    this.#dropSurplus()
    if (this.#ready.length > 0) this.#schedule()
  }

  #hold({ response, tries }: Ready): void {
    const waitMs = Math.min(RETRY_MS.first * 2 ** tries, RETRY_MS.longest)
    this.#held.push({ response, tries: tries + 1, retryAt: Date.now() + waitMs })
    this.#heldChars += response.text.length
    if (!this.#closed) this.#retryTimer ??= setTimeout(() => this.#retry(), RETRY_MS.first)
  }

  #retry(): void {
    this.#retryTimer = undefined
    const now = Date.now()
    const due = this.#held.filter(({ retryAt }) => retryAt <= now)
    this.#held = this.#held.filter(({ retryAt }) => retryAt > now)
    for (const { response, tries } of due) {
      this.#heldChars -= response.text.length
      this.#ready.push({ response, tries })
    }
    if (due.length > 0) this.#schedule()
    if (this.#held.length > 0) this.#retryTimer = setTimeout(() => this.#retry(), RETRY_MS.first)
  }

  #dropSurplus(): void {
    let surplus = 0
    let chars = this.#heldChars
    while (chars > MAX_HELD.chars || this.#held.length - surplus > MAX_HELD.responses) {
      chars -= this.#held[surplus++]?.response.text.length ?? 0
    }
    this.#heldChars = chars
    for (const { response } of this.#held.splice(0, surplus))
      this.#options.onDropped(response.queue, response.stem)
  }
}
