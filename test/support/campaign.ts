// The size of a campaign: small in `npm test`, full in `npm run test:long` (ARC_TEST_SIZE=full). Both run the same code.

import { randomInt } from 'node:crypto'

export const isFull = process.env.ARC_TEST_SIZE === 'full'

/** `full` rounds in the long run, `small` otherwise. */
export function rounds(small: number, full: number): number {
  return isFull ? full : small
}

/** A seeded random source. It prints its seed, and `ARC_TEST_SEED` replays it. */
export class Random {
  readonly seed: number
  #state: number

  constructor(seed = Number(process.env.ARC_TEST_SEED ?? randomInt(2 ** 31))) {
    this.seed = seed
    this.#state = seed
  }

  /** A number in [0, 1), by mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from `min` to `max`. */
  between(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1))
  }
}
