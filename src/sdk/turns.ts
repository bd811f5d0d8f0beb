// Work that must not run at the same time in one client: one follows the other, in the order of their calls.

import { linkSignals, pause } from './waiting.js'

export class Turns {
  /** The last turn of each key. It resolves when that turn and all before it are over. */
  readonly #last = new Map<string, Promise<void>>()

  /** Waits for a turn, and returns what ends it; undefined if none came in time. @throws ArcError `aborted` */
  async take(key: string, waitMs: number, signal: AbortSignal): Promise<(() => void) | undefined> {
    const before = this.#last.get(key)
    let leave = () => {}
    const own = new Promise<void>((resolve) => {
      leave = resolve
    })
    const last = before ? before.then(() => own) : own
    this.#last.set(key, last)
    void last.then(() => {
      if (this.#last.get(key) === last) this.#last.delete(key)
    })
    if (!before) return leave
    const link = linkSignals(signal)
    try {
      const isNext = await Promise.race([
        before.then(() => true),
        pause(waitMs, link.signal).then(() => false),
      ])
      if (isNext) return leave
      leave()
      return undefined
    } catch (error) {
      leave()
      throw error
    } finally {
      link.abort('no longer waits')
      link.release()
    }
  }
}
