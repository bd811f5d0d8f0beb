// The client's side of a spool: it submits and withdraws requests, and reads answers. It never resolves a path, since some
// sandboxes show mounts under names that only work unresolved. It is synchronous: a submission is four short system
// calls, and the order of calls is the order of files.

import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { ABANDONED, CANCELLED, REQUESTS, RESPONSE, RESPONSES, SUBMITTED, temporaryName } from './layout.js'

export class Submitter {
  readonly #requests: string
  readonly responses: string
  readonly #spool: string

  /** `queue`: the folder of this client's requests; several clients may share one. */
  constructor(spool: string, queue: string) {
    this.#spool = spool
    this.#requests = join(spool, REQUESTS, queue)
    this.responses = join(spool, RESPONSES, queue)
  }

  /**
   * Creates the missing folders of this client in an existing spool.
   * @throws NodeJS.ErrnoException `ENOENT` if there is no spool
   */
  prepare(): void {
    lstatSync(this.#spool)
    mkdirSync(this.#requests, { recursive: true })
    mkdirSync(this.responses, { recursive: true })
  }

  /** Puts a request into the queue. @throws NodeJS.ErrnoException when it can't be written: it is then not submitted */
  submit(stem: string, text: string): void {
    const temporary = join(this.#requests, temporaryName())
    this.#write(temporary, text)
    renameSync(temporary, join(this.#requests, stem + SUBMITTED))
  }

  /** Withdraws a request. True if no host had claimed it: no host ever will. */
  withdraw(stem: string): boolean {
    try {
      renameSync(join(this.#requests, stem + SUBMITTED), join(this.#requests, stem + CANCELLED))
      return true
    } catch {
      return false
    }
  }

  /** Tells the host that nobody waits for the answer any more: it may then end a wait early. Best effort. */
  abandon(stem: string): void {
    try {
      closeSync(openSync(join(this.#requests, stem + ABANDONED), 'wx'))
    } catch {
      // The wait then ends at its time-out.
    }
  }

  /** Whether there is an answer; cheap if there is none. */
  hasResponse(stem: string): boolean {
    return existsSync(this.#responsePath(stem))
  }

  /** The answer's text; undefined if there is none yet. */
  readResponse(stem: string): string | undefined {
    try {
      return readFileSync(this.#responsePath(stem), 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Writes a new file, and creates the folders if they are missing. */
  #write(path: string, text: string): void {
    try {
      writeFileSync(path, text, { flag: 'wx' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      this.prepare()
      writeFileSync(path, text, { flag: 'wx' })
    }
  }

  #responsePath(stem: string): string {
    return join(this.responses, stem + RESPONSE)
  }
}
