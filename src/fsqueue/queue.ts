// A host's view of one queue: the names that it has found, the requests that it has taken and not answered, and whether it
// may take more. Names, running requests, waiting requests, and the bytes of requests and answers are all bounded.

import { Abandonment } from './abandonment.js'

/** The most running requests of one queue, until their answers are written. Waiting ones don't count. */
const MAX_RUNNING = 128
/** The most waiting requests of one queue; further ones count as running. */
const MAX_WAITING = 2_000
/** With more bytes of requests and answers than this, the host takes nothing from the queue. */
const MAX_BYTES = 4 * 1024 * 1024
/** The assumed size of an answer before the first one. */
const FIRST_ANSWER_BYTES = MAX_BYTES / 32
/** The most requests of one drain, so that the other queues get their turns. */
const MAX_TAKEN = 64
/**
 * Milliseconds for which a queue rests after a look that found only bad entries, and after dropped answers: at first, and
 * at most.
 */
const REST_MS = { first: 1_000, longest: 30_000 } as const

/** A taken request without a response. */
export interface Claim {
  readonly abandonment: Abandonment
  bytes: number
  waits: boolean
}

export class Queue {
  readonly name: string
  /** Found names that are not taken, in order. */
  left: string[] = []
  /** The folder may hold names that are not in `left`. */
  look = false
  draining = false
  /** Names from events during a drain. */
  readonly mentioned = new Set<string>()
  /** By stem. */
  readonly unanswered = new Map<string, Claim>()
  /** When a request was last taken here, in epoch milliseconds. */
  takenAt = 0
  #waiting = 0
  #bytes = 0
  /** The average bytes of recent answers; at first `FIRST_ANSWER_BYTES`. */
  #answerBytes = FIRST_ANSWER_BYTES
  #troubles = 0
  #restsUntil = 0

  constructor(name: string) {
    this.name = name
  }

  get hasWork(): boolean {
    return !this.draining && !this.rests && (this.left.length > 0 || this.look) && this.maxToTake > 0
  }

  /** A later scan would find everything again, so the host may forget this queue. */
  get isIdle(): boolean {
    return !this.draining && !this.look && this.left.length === 0 && this.unanswered.size === 0
  }

  /** How many requests to take: bounded by free places, and by the expected bytes of their answers. */
  get maxToTake(): number {
    if (this.#bytes >= MAX_BYTES) return 0
    const running = this.unanswered.size - this.#waiting
    const room = Math.max(1, Math.floor(MAX_BYTES / this.#answerBytes))
    return Math.min(MAX_TAKEN, Math.min(MAX_RUNNING, room) - running)
  }

  /** The queue rests: nothing is taken from it. */
  get rests(): boolean {
    return this.#restsUntil > Date.now()
  }

  troubled(): void {
    if (this.rests) return
    const restMs = Math.min(REST_MS.first * 2 ** this.#troubles++, REST_MS.longest)
    this.#restsUntil = Date.now() + restMs
  }

  served(): void {
    this.#troubles = 0
    this.takenAt = Date.now()
  }

  claimed(stem: string, bytes: number): Claim {
    const claim = { abandonment: new Abandonment(), bytes, waits: false }
    this.unanswered.set(stem, claim)
    this.#bytes += bytes
    return claim
  }

  /** Marks a request as waiting. False if too many wait. */
  parked(claim: Claim): boolean {
    if (claim.waits || this.#waiting >= MAX_WAITING) return false
    claim.waits = true
    this.#waiting++
    return true
  }

  /** Counts the bytes of a request's answer until it is written. */
  answering(claim: Claim, bytes: number): void {
    this.#answerBytes += (bytes - this.#answerBytes) / 8
    this.#holds(claim, bytes)
  }

  /** Removes a request that is answered, or left to a later look. */
  released(stem: string): boolean {
    const claim = this.unanswered.get(stem)
    if (!claim) return false
    this.#holds(claim, 0)
    return this.unanswered.delete(stem)
  }

  #holds(claim: Claim, bytes: number): void {
    if (claim.waits) this.#waiting--
    claim.waits = false
    this.#bytes += bytes - claim.bytes
    claim.bytes = bytes
  }
}
