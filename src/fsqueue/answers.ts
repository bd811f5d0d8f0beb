// Answers on their way into the spool. What becomes ready while a write is under way goes with the next one,
// so that a burst costs few tasks and a lone answer waits for nothing. An answer that can't be written (a
// full disk, a link in place of a folder) is tried again, less and less often; when too many of them
// collect, the oldest are let go: their requests stay claimed without a response, and housekeeping takes
// them up again later, when their answers come out of the storage instead of being executed anew.

import type { ResponseText } from './answer.js'
import type { Complaints } from './complaints.js'
import type { HostOptions } from './host-options.js'
import type { FilePool } from './pool.js'

const ANSWERS_A_TASK = 128
/** Answers that are worth a second thread: waking one costs more than writing a few. */
const ANSWERS_FOR_TWO = 32
const RETRY_MS = { first: 500, longest: 8_000 } as const
/** Answers that can't be written are kept up to here, in number and in characters. */
const MAX_HELD = { answers: 10_000, chars: 4 * 1024 * 1024 } as const

interface Held {
  readonly response: ResponseText
  readonly tries: number
  readonly retryAt: number
}

type Ready = Omit<Held, 'retryAt'>

export interface AnswersOptions extends Pick<HostOptions, 'spool' | 'onFailure'> {
  readonly pool: FilePool
  readonly complaints: Complaints
  readonly onWritten: (queue: string, stem: string) => void
  /** It was not written, and won't be by this one. */
  readonly onLetGo: (queue: string, stem: string) => void
}

export class Answers {
  readonly #options: AnswersOptions
  #ready: Ready[] = []
  #held: Held[] = []
  #heldChars = 0
  #writing = 0
  #flush: NodeJS.Immediate | undefined
  #retryTimer: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: AnswersOptions) {
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

  /** After the others that become ready in this turn of the event loop. */
  #schedule(): void {
    if (this.#closed) return
    this.#flush ??= setImmediate(() => {
      this.#flush = undefined
      const { threads } = this.#options.pool
      while (this.#ready.length > (this.#writing === 0 ? 0 : ANSWERS_FOR_TWO) && this.#writing < threads) {
        this.#write(this.#ready.splice(0, ANSWERS_A_TASK)).catch(this.#options.onFailure)
      }
    })
  }

  async #write(batch: readonly Ready[]): Promise<void> {
    const { pool, spool, complaints, onWritten } = this.#options
    this.#writing++
    const problems = await pool.run('answer', { spool, responses: batch.map(({ response }) => response) })
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
    this.#letGo()
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

  #letGo(): void {
    let surplus = 0
    let chars = this.#heldChars
    while (chars > MAX_HELD.chars || this.#held.length - surplus > MAX_HELD.answers) {
      chars -= this.#held[surplus++]?.response.text.length ?? 0
    }
    this.#heldChars = chars
    for (const { response } of this.#held.splice(0, surplus))
      this.#options.onLetGo(response.queue, response.stem)
  }
}
