// Serves a spool: it takes requests out of the queues, passes them to the executor, and writes the answers. Only the
// executor knows what a request says, so another protocol can use this queue (docs/RELAY.md shows how).
//
//   watch or scan ─▶ look ─▶ drain (worker: claim, read) ─▶ execute ─▶ answer (worker: write) ─▶ archive
//
// Guarantees: the requests of a queue start in the order of their names. Queues with work take turns, and a request that
// waits delays no other. The host's memory is bounded, for each queue and for all. This host or the next one answers every
// claimed request. A request is executed at least once; the executor makes its effect exactly once, by the request's
// name. `stop` ends the host.

import { Answers } from './answers.js'
import { Complaints } from './complaints.js'
import type { ClaimedFile, Drained } from './drain.js'
import type { HostOptions, QueuedRequest } from './host-options.js'
import { Housekeeping } from './housekeeping.js'
import { ABANDONED, CLAIMED, SUBMITTED, stemOf } from './layout.js'
import { FilePool } from './pool.js'
import { Queue } from './queue.js'
import { Scanning, type Seen } from './scanning.js'
import { leaveSpool } from './spool.js'
import { SpoolWatch } from './watch.js'

/** The most unanswered requests of all queues, and the most bytes of these and their answers. */
const MAX_UNANSWERED = 50_000
const MAX_BYTES = 8 * 1024 * 1024
/** The most bytes of text that one task returns; a single request may exceed it. */
const MAX_TASK_BYTES = 4 * 1024 * 1024
/** The most names that one drain returns, and the most names kept for all queues. */
const NAMES = { aLook: 10_000, ofAll: 200_000, scarce: 64 } as const
/** The most names of one queue from events during a drain; further events only say "look". */
const MAX_MENTIONED = 1_000
const QUEUES_A_TASK = 16
/** Milliseconds for which a queue counts as used after its last request. */
const USED_MS = 600_000
const STOP_MS = 5_000

export class QueueHost {
  readonly #options: HostOptions
  readonly #pool = new FilePool()
  readonly #answers: Answers
  readonly #housekeeping: Housekeeping
  readonly #scanning: Scanning
  readonly #queues = new Map<string, Queue>()
  /** Queues with work, in the order of their turns. */
  readonly #turns = new Set<Queue>()
  readonly #queueComplaints: Complaints
  readonly #foreign = new Set<string>()
  #drains = 0
  /** Of all queues. */
  #unanswered = 0
  #bytes = 0
  #lastWorkAt = 0
  #stopping = false

  constructor(options: HostOptions) {
    this.#options = options
    this.#pool.onFailure(options.onFailure)
    this.#queueComplaints = new Complaints(options.log)
    const { spool, onFailure } = options
    const shared = { pool: this.#pool, spool, complaints: this.#queueComplaints, onFailure }
    this.#answers = new Answers({
      ...shared,
      onWritten: (queue, stem) => this.#answered(queue, stem),
      onLetGo: (queue, stem) => {
        this.#queue(queue).troubled()
        this.#release(this.#queue(queue), stem)
      },
    })
    this.#housekeeping = new Housekeeping({
      ...shared,
      unanswered: (queue) => this.#queues.get(queue)?.unanswered.keys() ?? [],
      onOrphans: (queue, names) => {
        this.#resume(queue, names)
        this.#takeTurns()
      },
    })
    this.#scanning = new Scanning({
      ...options,
      pool: this.#pool,
      watch:
        options.watch === false
          ? undefined
          : new SpoolWatch(spool, (queue, name) => this.#noticed(queue, name)),
      complaints: new Complaints(options.log),
      queueComplaints: this.#queueComplaints,
      workedAt: () => this.#lastWorkAt,
      takenAt: (queue) => this.#queues.get(queue)?.takenAt ?? 0,
      onSeen: (seen) => this.#seen(seen),
    })
  }

  /**
   * Enters the spool. The host serves it after the first scan, however long that takes.
   * @throws Error when the spool can't be used, with the reason
   */
  start(): void {
    this.#scanning.start()
  }

  /** Requests that were taken and not answered yet. */
  get unanswered(): number {
    return this.#unanswered
  }

  /** Takes no more requests, waits for those in progress, writes their answers, and leaves the spool to others. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#scanning.stop()
    const giveUpAt = Date.now() + STOP_MS
    while ((this.#drains > 0 || this.unanswered > 0) && Date.now() < giveUpAt) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    this.#answers.close()
    await this.#housekeeping.close()
    try {
      leaveSpool(this.#options)
    } catch {} // the spool was deleted
    await this.#pool.close()
  }

  // Finding work

  #noticed(name: string, file: string | null): void {
    if (file?.startsWith('.')) return
    if (file !== null) this.#housekeeping.touched(name)
    const queue = this.#queue(name)
    const abandoned = file !== null && stemOf(file, ABANDONED)
    if (abandoned) queue.unanswered.get(abandoned)?.abandonment.happen()
    else if (file !== null && stemOf(file, SUBMITTED) === undefined) return
    else if (file !== null && queue.unanswered.has(file.slice(0, -SUBMITTED.length))) return // the event of our own claim
    const isRoom = queue.draining && queue.mentioned.size < MAX_MENTIONED
    if (file !== null && isRoom)
      queue.mentioned.add(file) // the drain may be claiming it now
    else if (!abandoned) this.#look(queue)
  }

  #look(queue: Queue): void {
    if (queue.rests) return // a later scan finds it again
    queue.look = true
    this.#next(queue)
  }

  #queue(name: string): Queue {
    let queue = this.#queues.get(name)
    if (!queue) {
      queue = new Queue(name)
      this.#queues.set(name, queue)
    }
    return queue
  }

  #seen({ queues, isFirst, isForeign }: Seen): void {
    this.#forgetIdle()
    for (const { name, unfinished } of queues) this.#resume(name, unfinished, isForeign)
    for (const { name, pending } of queues) {
      if (!pending && !isFirst) continue
      // Watch first, then look: the look finds files that are older than the watch.
      this.#housekeeping.touched(name)
      const queue = this.#queue(name)
      if (!queue.rests) queue.look = true
      this.#standInLine(queue)
    }
    for (const queue of this.#queues.values()) this.#standInLine(queue) // a rest may have ended
    // Drain only after all queues are in line: otherwise the first names would take every thread, and a host that is killed
    // again and again might never reach the others.
    this.#takeTurns()
    this.#housekeeping.tick()
  }

  /** Takes the claimed requests of a dead host, before new ones. */
  #resume(name: string, claimed: readonly string[], isForeign = false): void {
    const queue = this.#queue(name)
    const left = new Set(queue.left)
    const known = claimed.filter(
      (file) => !left.has(file) && !queue.unanswered.has(file.slice(0, -CLAIMED.length)),
    )
    if (isForeign) for (const file of known) this.#foreign.add(`${name}/${file}`)
    queue.left = [...known, ...queue.left]
    this.#standInLine(queue)
  }

  /** Drops idle queues, so that nobody can fill the memory with names of queues. */
  #forgetIdle(): void {
    const usedSince = Date.now() - USED_MS
    for (const [name, queue] of this.#queues) {
      if (queue.isIdle && !queue.rests && queue.takenAt < usedSince) this.#queues.delete(name)
    }
  }

  // Taking requests

  #standInLine(queue: Queue): void {
    if (queue.hasWork) this.#turns.add(queue)
  }

  #takeTurns(): void {
    while (this.#turns.size > 0 && this.#mayDrain) {
      const group = [...this.#turns].slice(0, QUEUES_A_TASK)
      for (const next of group) this.#turns.delete(next)
      this.#drain(group).catch(this.#options.onFailure)
    }
  }

  /** Puts a queue in line if it may have work. */
  #next(queue: Queue): void {
    this.#standInLine(queue)
    this.#takeTurns()
  }

  get #mayDrain(): boolean {
    if (!this.#scanning.serving || this.#stopping || this.#drains >= this.#pool.threads) return false
    return this.#unanswered < MAX_UNANSWERED && this.#bytes < MAX_BYTES
  }

  async #drain(group: readonly Queue[]): Promise<void> {
    this.#drains++
    const maxNames = this.#namesKept < NAMES.ofAll ? NAMES.aLook : NAMES.scarce
    const queues = group.map((queue) => {
      queue.draining = true
      const max = queue.maxToTake
      const names = queue.left.length > 0 ? queue.left.splice(0, max) : undefined
      if (!names) queue.look = false
      return { queue: queue.name, names, max, maxNames }
    })
    const maxBytes = Math.min(MAX_TASK_BYTES, MAX_BYTES - this.#bytes)
    try {
      const drained = await this.#pool.run('drain', { ...this.#task, queues, maxBytes })
      for (const [i, queue] of group.entries()) this.#drained(queue, drained[i] as Drained)
    } finally {
      this.#drains--
    }
    this.#takeTurns()
  }

  get #namesKept(): number {
    let count = 0
    for (const { left } of this.#queues.values()) count += left.length
    return count
  }

  #drained(queue: Queue, { requests, left, more, claimedFiles, bad }: Drained): void {
    queue.draining = false
    queue.left = [...left, ...queue.left]
    if (more) queue.look = true
    if (requests.length > 0) {
      this.#lastWorkAt = Date.now()
      queue.served()
      this.#housekeeping.touched(queue.name)
    } else if (bad !== undefined) queue.troubled()
    const { name } = queue
    if (bad !== undefined)
      this.#queueComplaints.about(`queue ${name}`, `requests/${name}: ${bad}; it is skipped`)
    for (const file of requests) {
      queue.mentioned.delete(file.stem + SUBMITTED)
      this.#start(queue, file)
    }
    for (const name of left) queue.mentioned.delete(name)
    if (queue.mentioned.size > 0) this.#look(queue)
    queue.mentioned.clear()
    this.#standInLine(queue)
    this.#housekeeping.counted(queue.name, claimedFiles - queue.unanswered.size)
  }

  #start(queue: Queue, file: ClaimedFile): void {
    const { stem } = file
    if (queue.unanswered.has(stem)) return
    const claim = queue.claimed(stem, 'text' in file ? file.size : 0)
    this.#unanswered++
    this.#bytes += claim.bytes
    if (queue.mentioned.delete(stem + ABANDONED)) claim.abandonment.happen()
    const request: QueuedRequest = {
      queue: queue.name,
      stem,
      file,
      abandonment: claim.abandonment,
      foreign: this.#foreign.delete(`${queue.name}/${stem}${CLAIMED}`),
      waits: () => {
        if (queue.parked(claim)) this.#next(queue)
      },
    }
    this.#options.executor(request).then((text) => {
      if (text === undefined) return this.#release(queue, stem)
      this.#bytes += text.length - claim.bytes
      queue.answering(claim, text.length)
      this.#answers.add({ queue: queue.name, stem, text })
    }, this.#options.onFailure)
  }

  #answered(name: string, stem: string): void {
    this.#release(this.#queue(name), stem)
    this.#lastWorkAt = Date.now()
  }

  #release(queue: Queue, stem: string): void {
    this.#bytes -= queue.unanswered.get(stem)?.bytes ?? 0
    if (queue.released(stem)) this.#unanswered--
    this.#next(queue)
  }

  get #task() {
    const { spool, state, maxRequestBytes } = this.#options
    return { spool, state, maxRequestBytes }
  }
}
