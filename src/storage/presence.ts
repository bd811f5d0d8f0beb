// Signs of life, coalesced: however often agents show up, their sessions are written about once a second,
// in one statement, as part of a batch that is committed anyway where there is one (PROTOCOL §3).

export const TOUCH_INTERVAL_MS = 1_000

export class Presence {
  #touched = new Set<string>()
  #takenAtMs = 0

  touch(agentIds: Iterable<string>): void {
    for (const agentId of agentIds) this.#touched.add(agentId)
  }

  get isPending(): boolean {
    return this.#touched.size > 0
  }

  /** Milliseconds until the touched sessions should be written. */
  dueInMs(nowMs: number): number {
    return Math.max(0, this.#takenAtMs + TOUCH_INTERVAL_MS - nowMs)
  }

  /** Hands over the touched agents; whoever can't write them gives them back by `touch`. */
  take(nowMs: number): ReadonlySet<string> {
    const touched = this.#touched
    this.#touched = new Set()
    this.#takenAtMs = nowMs
    return touched
  }
}
