// What a host knows of one queue: the names that it has found there, what it has taken and not answered yet,
// and whether it may take more. All of it is bounded, whatever the other side submits: names, requests
// that are executed, requests that wait, and the bytes that they and their answers hold.

import { Abandonment } from './abandonment.js'

/** Requests of one queue that are executed or being answered; those that wait don't count. */
const MAX_RUNNING = 128
/** Requests of one queue that may wait; the next ones count as running. */
const MAX_WAITING = 2_000
/** Bytes of a queue's requests and answers beyond which it has to wait until some are answered. */
const MAX_BYTES = 4 * 1024 * 1024
/** What an answer is taken to be as long as none has been seen. */
const FIRST_ANSWER_BYTES = MAX_BYTES / 32
/** Requests that one drain takes from a queue, so that the others get their turn. */
const MAX_TAKEN = 64
/**
 * After a look that brought nothing but trouble, and after answers had to be let go, a queue rests: this long
 * at first, and at most.
 */
const REST_MS = { first: 1_000, longest: 30_000 } as const

/** A request that was taken and has no response yet. */
export interface Claim {
  readonly abandonment: Abandonment
  bytes: number
  waits: boolean
}

export class Queue {
  readonly name: string
  /** Names found and not taken yet, in order. */
  left: string[] = []
  /** Something may be there that is not in `left`. */
  look = false
  draining = false
  /** Names that events spoke of during a drain. */
  readonly mentioned = new Set<string>()
  /** By stem. */
  readonly unanswered = new Map<string, Claim>()
  /** When something was last taken here, epoch milliseconds. */
  takenAt = 0
  #waiting = 0
  #bytes = 0
  /** What an answer has taken lately, on average; at first a guess. */
  #answerBytes = FIRST_ANSWER_BYTES
  #troubles = 0
  #restsUntil = 0

  constructor(name: string) {
    this.name = name
  }

  get hasWork(): boolean {
    return !this.draining && !this.rests && (this.left.length > 0 || this.look) && this.maxToTake > 0
  }

  /** Nothing is known of it that a later look would not find again. */
  get isIdle(): boolean {
    return !this.draining && !this.look && this.left.length === 0 && this.unanswered.size === 0
  }

  /** As many as there are places, and as their answers may be expected to leave room for. */
  get maxToTake(): number {
    if (this.#bytes >= MAX_BYTES) return 0
    const running = this.unanswered.size - this.#waiting
    const room = Math.max(1, Math.floor(MAX_BYTES / this.#answerBytes))
    return Math.min(MAX_TAKEN, Math.min(MAX_RUNNING, room) - running)
  }

  /** It has brought nothing but trouble lately: nothing is taken from it. */
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

  /** It begins to wait; false where too many do already. */
  parked(claim: Claim): boolean {
    if (claim.waits || this.#waiting >= MAX_WAITING) return false
    claim.waits = true
    this.#waiting++
    return true
  }

  /** Its answer is there, and takes so many bytes until it is written. */
  answering(claim: Claim, bytes: number): void {
    this.#answerBytes += (bytes - this.#answerBytes) / 8
    this.#holds(claim, bytes)
  }

  /** It has been answered, or is left to a later look. */
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
