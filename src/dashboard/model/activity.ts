// Counts each agent's messages by minute, for the plots. It is bounded in time and in agents, for any number of messages and
// authors. Pure, except for its own counts.

/** Minutes that it keeps. */
const KEPT_MINUTES = 6 * 60
const MINUTE_MS = 60_000
/** Agents with counts of their own in one minute. */
const MAX_AGENTS = 100
/** The name of all other agents together; no agent has it. */
export const OTHERS = ''

export interface Bar {
  readonly fromMs: number
  readonly toMs: number
  readonly counts: ReadonlyMap<string, number>
  readonly total: number
}

export class Activity {
  readonly #minutes = new Map<number, Map<string, number>>()
  #newest = 0
  /** It has counted all messages since then, and not those before. */
  wholeFromMs = Number.NEGATIVE_INFINITY

  /** Counts a message, unless it is too old. */
  count(agent: string, atMs: number): void {
    const minute = Math.floor(atMs / MINUTE_MS)
    if (!Number.isFinite(minute) || minute <= this.#newest - KEPT_MINUTES) return
    if (minute > this.#newest) {
      this.#newest = minute
      for (const old of this.#minutes.keys()) if (old <= minute - KEPT_MINUTES) this.#minutes.delete(old)
    }
    const counts = this.#minutes.get(minute) ?? new Map<string, number>()
    const name = counts.has(agent) || counts.size < MAX_AGENTS ? agent : OTHERS
    counts.set(name, (counts.get(name) ?? 0) + 1)
    this.#minutes.set(minute, counts)
  }

  clear(): void {
    this.#minutes.clear()
    this.#newest = 0
    this.wholeFromMs = Number.NEGATIVE_INFINITY
  }

  /** The last `minutes` minutes up to now, in bars of equal width, oldest first. */
  bars(minutes: number, bars: number, nowMs: number): Bar[] {
    const perBar = Math.max(1, Math.round(minutes / bars))
    const end = (Math.floor(nowMs / MINUTE_MS / perBar) + 1) * perBar
    return Array.from({ length: bars }, (_, i) => {
      const from = end - (bars - i) * perBar
      const counts = new Map<string, number>()
      for (let minute = from; minute < from + perBar; minute++) {
        for (const [agent, count] of this.#minutes.get(minute) ?? []) {
          counts.set(agent, (counts.get(agent) ?? 0) + count)
        }
      }
      const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
      return { fromMs: from * MINUTE_MS, toMs: (from + perBar) * MINUTE_MS, counts, total }
    })
  }
}

export interface Writers {
  /** The agents with the most messages, the most first. */
  readonly named: readonly (readonly [agent: string, count: number])[]
  /** The messages of all other agents. */
  readonly others: number
}

export function writersOf(bars: readonly Bar[], max: number): Writers {
  const totals = new Map<string, number>()
  for (const { counts } of bars) {
    for (const [agent, count] of counts) totals.set(agent, (totals.get(agent) ?? 0) + count)
  }
  const known = totals.get(OTHERS) ?? 0
  totals.delete(OTHERS)
  const all = [...totals].sort(([a, one], [b, other]) => other - one || a.localeCompare(b))
  const others = all.slice(max).reduce((sum, [, count]) => sum + count, known)
  return { named: all.slice(0, max), others }
}

/** The lowest end of a scale that includes `max` and is easy to read: 1, 2, 4, 6, 10, 20, … */
export function niceCeiling(max: number): number {
  if (max <= 1) return 1
  const power = 10 ** Math.floor(Math.log10(max))
  return ([1, 2, 4, 6].find((step) => step * power >= max) ?? 10) * power
}
