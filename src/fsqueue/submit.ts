// The client's side of a spool: it submits and withdraws requests, and reads answers. It never resolves a path, since some
// sandboxes show mounts under names that only work unresolved. It is synchronous: a submission is four short system
// calls, and the order of calls is the order of files.

import {
  closeSync,
  existsSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { ABANDONED, CANCELLED, REQUESTS, RESPONSE, RESPONSES, SUBMITTED, temporaryName } from './layout.js'
import { makeFolderIn, openTo, PRIVATE_FILE, type Sharing, sharingIn } from './modes.js'

export class Submitter {
  readonly #requests: string
  readonly responses: string
  readonly #spool: string
  /** Who shares the requests' folder; looked up for the first request. */
  #sharing: Sharing | undefined

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
    for (const folder of [this.#requests, this.responses]) {
      makeMissing(dirname(folder))
      makeMissing(folder)
    }
    this.#sharing = undefined // another folder may have other modes
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
      this.#writeNew(join(this.#requests, stem + ABANDONED), '')
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
      this.#writeNew(path, text)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      this.prepare()
      this.#writeNew(path, text)
    }
  }

  #writeNew(path: string, text: string): void {
    this.#sharing ??= sharingIn(statSync(this.#requests))
    const file = openSync(path, 'wx', PRIVATE_FILE)
    try {
      openTo(this.#sharing.file, file)
      writeFileSync(file, text)
    } finally {
      closeSync(file)
    }
  }

  #responsePath(stem: string): string {
    return join(this.responses, stem + RESPONSE)
  }
}

/** Creates a folder that is missing, open to those who share the folder around it. */
function makeMissing(path: string): void {
  if (existsSync(path)) return
  try {
    makeFolderIn(sharingIn(statSync(dirname(path))), path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error // else another process was faster
  }
}
