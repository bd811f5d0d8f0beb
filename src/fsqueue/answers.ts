// Answers on their way into the spool. What becomes ready while a write is under way goes with the next one,
// so that a burst costs few tasks and a lone answer waits for nothing. An answer that can't be written (a
// full disk, a folder in the way) is tried again until it can, or until the host ends: the next host then
// finds the request unanswered.

import type { ResponseText } from './answer.js'
import type { HostOptions } from './host.js'
import type { FilePool } from './pool.js'

const ANSWERS_A_TASK = 128
/** Answers that are worth a second thread: waking one costs more than writing a few. */
const ANSWERS_FOR_TWO = 32
const RETRY_MS = 500

export class Answers {
  readonly #pool: FilePool
  readonly #options: Pick<HostOptions, 'spool' | 'log' | 'onFailure'>
  readonly #onWritten: (queue: string, stem: string) => void
  #ready: ResponseText[] = []
  #writing = 0
  #flush: NodeJS.Immediate | undefined
  #retryTimer: NodeJS.Timeout | undefined
  #troubled = false
  #closed = false

  constructor(
    pool: FilePool,
    options: Pick<HostOptions, 'spool' | 'log' | 'onFailure'>,
    onWritten: (queue: string, stem: string) => void,
  ) {
    this.#pool = pool
    this.#options = options
    this.#onWritten = onWritten
  }

  add(response: ResponseText): void {
    this.#ready.push(response)
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
      while (
        this.#ready.length > (this.#writing === 0 ? 0 : ANSWERS_FOR_TWO) &&
        this.#writing < this.#pool.threads
      ) {
        this.#write(this.#ready.splice(0, ANSWERS_A_TASK)).catch(this.#options.onFailure)
      }
    })
  }

  async #write(responses: readonly ResponseText[]): Promise<void> {
    this.#writing++
    const problems = await this.#pool.run('answer', { spool: this.#options.spool, responses })
    this.#writing--
    const failed: ResponseText[] = []
    for (const [i, response] of responses.entries()) {
      if (problems[i] === undefined) this.#onWritten(response.queue, response.stem)
      else failed.push(response)
    }
    const problem = problems.find((text) => text !== undefined)
    if (problem !== undefined) this.#tryAgain(failed, problem)
    else this.#troubled = false
    if (this.#ready.length > 0) this.#schedule()
  }

  #tryAgain(failed: readonly ResponseText[], problem: string): void {
    if (!this.#troubled) {
      this.#options.log('warn', `responses can't be written for now, it is tried again: ${problem}`)
    }
    this.#troubled = true
    if (this.#closed) return
    this.#retryTimer = setTimeout(() => {
      this.#ready.push(...failed)
      this.#schedule()
    }, RETRY_MS)
  }
}
