// The client's side of a spool: submit, withdraw, read the answer. Paths stay as they were given, since some
// sandboxes show mounts under names that don't survive being resolved. Synchronous: a submission is four
// short calls, and in this way the order of calls is the order of files.

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

  /** `queue`: the folder that this client's requests go to; several clients may share one. */
  constructor(spool: string, queue: string) {
    this.#spool = spool
    this.#requests = join(spool, REQUESTS, queue)
    this.responses = join(spool, RESPONSES, queue)
  }

  /**
   * Makes what is missing of this client's folders, in a spool that is there.
   * @throws NodeJS.ErrnoException `ENOENT` where there is no spool
   */
  prepare(): void {
    lstatSync(this.#spool)
    mkdirSync(this.#requests, { recursive: true })
    mkdirSync(this.responses, { recursive: true })
  }

  /** Puts a request into the queue. @throws NodeJS.ErrnoException when it can't be written: it was not submitted then */
  submit(stem: string, text: string): void {
    const temporary = join(this.#requests, temporaryName())
    this.#write(temporary, text)
    renameSync(temporary, join(this.#requests, stem + SUBMITTED))
  }

  /** True when the request was still unclaimed: it has not been executed, and never will be. */
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
      // The wait ends by its own time.
    }
  }

  /** A look that costs little where there is no answer yet. */
  hasResponse(stem: string): boolean {
    return existsSync(this.#responsePath(stem))
  }

  /** The text of the answer; undefined while there is none. */
  readResponse(stem: string): string | undefined {
    try {
      return readFileSync(this.#responsePath(stem), 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Writes a new file, in one call of the file system's. */
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
