// Decides how many restarts are too many, by a pure sliding window. A restart that is older than the window does not
// count. So a hub with rare crashes runs for ever, and a hub that can't start stops.

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

  /** Records a restart at `nowMs`. False if it is one too many. */
  allows(nowMs: number): boolean {
    this.#restarts = this.#restarts.filter((at) => nowMs - at < this.#intensity.withinMs)
    this.#restarts.push(nowMs)
    return this.#restarts.length <= this.#intensity.maxRestarts
  }
}

/** Milliseconds before the next try after `failedStarts` failures in a row: 0 at first, then 100, doubled up to 2,000. */
export function restartDelayMs(failedStarts: number): number {
  return failedStarts === 0 ? 0 : Math.min(100 * 2 ** (failedStarts - 1), 2_000)
}
