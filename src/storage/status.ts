// Answers the status (PROTOCOL §8). While the storage does not answer, the counts are the last ones, and the status says for how
// long: a person who looks then is told what is wrong.

import { setTimeout as pause } from 'node:timers/promises'
import type { HubStatus, Waiting } from '../protocol/objects.js'
import { isTransient } from './backend.js'
import type { Health } from './commands.js'
import { type Done, done } from './outcome.js'

/** Commands wait 3 s for a status. */
const PATIENCE_MS = 2_000

type Asked = Waiting & Health
type Counts = Pick<HubStatus, 'counts'>

export class Status {
  readonly #query: (asked: Asked) => Promise<Done>
  #last: { readonly counts: Counts['counts']; readonly atMs: number } | undefined

  /** `query` gives the status of committed state. */
  constructor(query: (asked: Asked) => Promise<Done>) {
    this.#query = query
  }

  /** Waits for the storage, and fails with it, if it has given no status before. A defect is always an error. */
  async answer(asked: Asked): Promise<Done> {
    const fresh = this.#ask(asked)
    if (!this.#last) return fresh
    const orLast = fresh.catch((error) => {
      if (!isTransient(error)) throw error
      return this.#stale(asked)
    })
    orLast.catch(() => {}) // it may come too late
    const end = new AbortController()
    const late = pause(PATIENCE_MS, undefined, { signal: end.signal }).then(() => this.#stale(asked))
    late.catch(() => {}) // it was in time
    try {
      return await Promise.race([orLast, late])
    } finally {
      end.abort()
    }
  }

  async #ask(asked: Asked): Promise<Done> {
    const { result } = await this.#query(asked)
    const { counts } = JSON.parse(result) as Counts
    this.#last = { counts, atMs: performance.now() }
    return done({ counts, ...asked, storage_silent_sec: 0 })
  }

  #stale(asked: Asked): Done {
    const { counts, atMs = 0 } = this.#last ?? {}
    const silentSec = Math.max(1, Math.round((performance.now() - atMs) / 1_000))
    return done({ counts, ...asked, storage_silent_sec: silentSec })
  }
}
