// Collects signs of life (PROTOCOL §3). Sessions are written about once a second, in one statement, in the next batch or
// in one of their own.

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

  /** Milliseconds until the touched sessions are due to be written. */
  dueInMs(nowMs: number): number {
    return Math.max(0, this.#takenAtMs + TOUCH_INTERVAL_MS - nowMs)
  }

  /** Takes the touched agents out. A caller that can't write them returns them by `touch`. */
  take(nowMs: number): ReadonlySet<string> {
    const touched = this.#touched
    this.#touched = new Set()
    this.#takenAtMs = nowMs
    return touched
  }
}
