// What a host knows of one queue: the names that it has found there, the requests that have no response yet, and whether it
// may take more. All of it is bounded, whatever clients submit: names, running requests, parked requests, and the bytes of
// requests and answers.

import { Abandonment } from './abandonment.js'

/** The most requests of one queue that run or whose responses are being written. Parked ones don't count. */
const MAX_RUNNING = 128
/** The most parked requests of one queue. The next ones count as running. */
const MAX_PARKED = 2_000
/** A queue whose requests and answers hold so many bytes gives no more requests. */
const MAX_BYTES = 4 * 1024 * 1024
/** The size that the first answer of a queue is expected to have. */
const FIRST_ANSWER_BYTES = MAX_BYTES / 32
/** The most requests that one task takes from a queue, so that the others get their turn. */
const MAX_TAKEN = 64
/**
 * Milliseconds for which a queue rests after a task that found only trouble, and after its responses were dropped: at first,
 * and at most.
 */
const REST_MS = { first: 1_000, longest: 30_000 } as const

/** A request that was taken and has no response yet. */
export interface Claim {
  readonly abandonment: Abandonment
  bytes: number
  isParked: boolean
}

export class Queue {
  readonly name: string
  /** Names of files that were found and not taken yet, in order. */
  backlog: string[] = []
  /** The folder may hold requests that are not in `backlog`. */
  mayHoldNew = false
  taking = false
  /** Names from events that came while a task took requests. */
  readonly mentioned = new Set<string>()
  /** By stem. */
  readonly unanswered = new Map<string, Claim>()
  /** When something was last taken here, epoch milliseconds. */
  takenAt = 0
  #parked = 0
  #bytes = 0
  /** The moving average of the sizes of answers. */
  #answerBytes = FIRST_ANSWER_BYTES
  #troubles = 0
  #restsUntil = 0

  constructor(name: string) {
    this.name = name
  }

  get hasWork(): boolean {
    return !this.taking && !this.rests && (this.backlog.length > 0 || this.mayHoldNew) && this.maxToTake > 0
  }

  /** The host may forget the queue: a scan would find the rest again. */
  get isIdle(): boolean {
    return !this.taking && !this.mayHoldNew && this.backlog.length === 0 && this.unanswered.size === 0
  }

  /** Bounded by the free places, and by the room that the answers are expected to need. */
  get maxToTake(): number {
    if (this.#bytes >= MAX_BYTES) return 0
    const running = this.unanswered.size - this.#parked
    const room = Math.max(1, Math.floor(MAX_BYTES / this.#answerBytes))
    return Math.min(MAX_TAKEN, Math.min(MAX_RUNNING, room) - running)
  }

  /** The host takes nothing from the queue for now. */
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
    const claim = { abandonment: new Abandonment(), bytes, isParked: false }
    this.unanswered.set(stem, claim)
    this.#bytes += bytes
    return claim
  }

  /** False if the request is parked already, or too many are. */
  park(claim: Claim): boolean {
    if (claim.isParked || this.#parked >= MAX_PARKED) return false
    claim.isParked = true
    this.#parked++
    return true
  }

  /** The request has its answer, which holds so many bytes until it is written. */
  answering(claim: Claim, bytes: number): void {
    this.#answerBytes += (bytes - this.#answerBytes) / 8
    this.#setBytes(claim, bytes)
  }

  /** The response is written, or the request is left to a later scan. */
  released(stem: string): boolean {
    const claim = this.unanswered.get(stem)
    if (!claim) return false
    this.#setBytes(claim, 0)
    return this.unanswered.delete(stem)
  }

  #setBytes(claim: Claim, bytes: number): void {
    if (claim.isParked) this.#parked--
    claim.isParked = false
    this.#bytes += bytes - claim.bytes
    claim.bytes = bytes
  }
}
