// How many restarts are too many: a pure sliding window. A restart that is older than the window no
// longer counts, so a hub that recovers from rare crashes runs for ever, and one that can't start stops.

export interface Intensity {
  readonly maxRestarts: number
  readonly withinMs: number
}

export const DEFAULT_INTENSITY: Intensity = { maxRestarts: 5, withinMs: 30_000 }

export class RestartWindow {
  readonly #intensity: Intensity
  #restarts: number[] = []

  constructor(intensity: Intensity) {
    this.#intensity = intensity
  }

  /** Records a restart at `nowMs`; false when it is one too many. */
  allows(nowMs: number): boolean {
    this.#restarts = this.#restarts.filter((at) => nowMs - at < this.#intensity.withinMs)
    this.#restarts.push(nowMs)
    return this.#restarts.length <= this.#intensity.maxRestarts
  }
}

/** Milliseconds to wait before the next try after `failedStarts` failures in a row: none, then 100 doubling to 2,000. */
export function restartDelayMs(failedStarts: number): number {
  return failedStarts === 0 ? 0 : Math.min(100 * 2 ** (failedStarts - 1), 2_000)
}
