// The client's side of a spool: submit, withdraw, read the answer. Paths stay as they were given, since some
// sandboxes show mounts under names that don't survive being resolved. Synchronous: a submission is four
// short calls, and in this way the order of calls is the order of files.

import { closeSync, lstatSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
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
    const descriptor = this.#create(temporary)
    try {
      const bytes = Buffer.from(text)
      for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written)
    } finally {
      closeSync(descriptor)
    }
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

  /** The text of the answer; undefined while there is none. */
  readResponse(stem: string): string | undefined {
    try {
      return readFileSync(join(this.responses, stem + RESPONSE), 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  #create(path: string): number {
    try {
      return openSync(path, 'wx')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      this.prepare()
      return openSync(path, 'wx')
    }
  }
}
