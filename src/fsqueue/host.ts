// Serves a spool: takes requests out of its queues, has them executed, and puts the answers back. The host does not read
// what a request says: its `executor` does, so the queue serves other protocols too (docs/RELAY.md shows how).
//
//   watch or scan ─▶ take (worker: claim, read) ─▶ execute ─▶ write (worker: responses) ─▶ archive
//
// Guarantees: the requests of a queue start in the order of their names. Queues take turns, and a parked request holds up
// no other. What the host keeps in memory is bounded, for each queue and for all. Every claimed request gets an answer: if
// this host ends before, the next host executes the request again. The executor makes that one effect, by the request's
// name. Ends with `stop`.

import { Complaints } from './complaints.js'
import type { HostOptions, QueuedRequest } from './host-options.js'
import { Housekeeping } from './housekeeping.js'
import { ABANDONED, CLAIMED, SUBMITTED, stemOf } from './layout.js'
import { Outbox } from './outbox.js'
import { FilePool } from './pool.js'
import { Queue } from './queue.js'
import { type Found, Scanner } from './scanner.js'
import { type Entered, leaveSpool } from './spool.js'
import type { ClaimedFile, Taken } from './take.js'
import { SpoolWatch } from './watch.js'

/** Requests of all queues that are not answered yet, and bytes that they and their answers hold. */
const MAX_UNANSWERED = 50_000
const MAX_BYTES = 8 * 1024 * 1024
/** Bytes of text that one task brings back at most; a single request may exceed it. */
const MAX_TASK_BYTES = 4 * 1024 * 1024
/** The most names that one task returns, that the backlogs of all queues hold, and that a task returns once those are full. */
const NAMES = { aTask: 10_000, ofAll: 200_000, scarce: 64 } as const
/** The most names from events that a queue keeps while a task takes its requests. */
const MAX_MENTIONED = 1_000
const QUEUES_A_TASK = 16
/** Milliseconds for which a queue counts as used after its last request. */
const USED_MS = 600_000
const STOP_MS = 5_000

export class QueueHost {
  readonly #options: HostOptions
  readonly #pool = new FilePool()
  readonly #outbox: Outbox
  readonly #housekeeping: Housekeeping
  readonly #scanner: Scanner
  readonly #queues = new Map<string, Queue>()
  /** Queues that have work, in the order in which they get their turn. */
  readonly #turns = new Set<Queue>()
  readonly #queueComplaints: Complaints
  readonly #foreign = new Set<string>()
  #takeTasks = 0
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
    this.#outbox = new Outbox({
      ...shared,
      onWritten: (queue, stem) => this.#answered(queue, stem),
      onDropped: (queue, stem) => {
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
    this.#scanner = new Scanner({
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
      onFound: (seen) => this.#found(seen),
    })
  }

  /**
   * Enters the spool, unless its process has. The host serves it after the first scan, which may take long.
   * @throws Error when the spool can't be used, with the reason
   */
  start(entered?: Entered): void {
    this.#scanner.start(entered)
  }

  /** The number of requests that were taken and have no response yet. */
  get unanswered(): number {
    return this.#unanswered
  }

  /** Takes no more requests, waits until the taken ones are answered, then leaves the spool. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#scanner.stop()
    const giveUpAt = Date.now() + STOP_MS
    while ((this.#takeTasks > 0 || this.unanswered > 0) && Date.now() < giveUpAt) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    this.#outbox.close()
    await this.#housekeeping.close()
    try {
      leaveSpool(this.#options)
    } catch {} // a spool that has gone
    await this.#pool.close()
  }

  // Finding requests

  #noticed(name: string, file: string | null): void {
    if (file?.startsWith('.')) return
    if (file !== null) this.#housekeeping.touched(name)
    const queue = this.#queue(name)
    const abandoned = file !== null && stemOf(file, ABANDONED)
    if (abandoned) queue.unanswered.get(abandoned)?.abandonment.happen()
    else if (file !== null && stemOf(file, SUBMITTED) === undefined) return
    else if (file !== null && queue.unanswered.has(file.slice(0, -SUBMITTED.length))) return // the event of our own claim
    const isRoom = queue.taking && queue.mentioned.size < MAX_MENTIONED
    if (file !== null && isRoom)
      queue.mentioned.add(file) // the task under way may be claiming it
    else if (!abandoned) this.#noteNew(queue)
  }

  #noteNew(queue: Queue): void {
    if (queue.rests) return // a scan brings it back
    queue.mayHoldNew = true
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

  #found({ pending, unfinished, first, isForeign }: Found): void {
    this.#forgetIdle()
    for (const { queue, files } of unfinished) this.#resume(queue, files, isForeign)
    for (const name of first ?? pending) {
      // At first all queues: requests that came before the watch was set have no event.
      this.#housekeeping.touched(name)
      const queue = this.#queue(name)
      if (!queue.rests) queue.mayHoldNew = true
      this.#standInLine(queue)
    }
    for (const queue of this.#queues.values()) this.#standInLine(queue) // some may have rested until now
    // Only after all queues stand in line. Otherwise the first ones would take every thread, and a host that is killed again
    // and again might never serve the others.
    this.#takeTurns()
    this.#housekeeping.tick()
  }

  /** Puts files that a dead host had claimed in front of new requests. */
  #resume(name: string, claimed: readonly string[], isForeign = false): void {
    const queue = this.#queue(name)
    const backlog = new Set(queue.backlog)
    const known = claimed.filter(
      (file) => !backlog.has(file) && !queue.unanswered.has(file.slice(0, -CLAIMED.length)),
    )
    if (isForeign) for (const file of known) this.#foreign.add(`${name}/${file}`)
    queue.backlog = [...known, ...queue.backlog]
    this.#standInLine(queue)
  }

  /** Bounds the memory for names of queues. */
  #forgetIdle(): void {
    const usedSince = Date.now() - USED_MS
    for (const [name, queue] of this.#queues) {
      if (queue.isIdle && !queue.rests && queue.takenAt < usedSince) this.#queues.delete(name)
    }
  }

  // Taking them

  #standInLine(queue: Queue): void {
    if (queue.hasWork) this.#turns.add(queue)
  }

  #takeTurns(): void {
    while (this.#turns.size > 0 && this.#mayTake) {
      const group = [...this.#turns].slice(0, QUEUES_A_TASK)
      for (const next of group) this.#turns.delete(next)
      this.#take(group).catch(this.#options.onFailure)
    }
  }

  /** The queue may have something to do now. */
  #next(queue: Queue): void {
    this.#standInLine(queue)
    this.#takeTurns()
  }

  get #mayTake(): boolean {
    if (!this.#scanner.serving || this.#stopping || this.#takeTasks >= this.#pool.threads) return false
    return this.#unanswered < MAX_UNANSWERED && this.#bytes < MAX_BYTES
  }

  async #take(group: readonly Queue[]): Promise<void> {
    this.#takeTasks++
    const maxNames = this.#namesKept < NAMES.ofAll ? NAMES.aTask : NAMES.scarce
    const queues = group.map((queue) => {
      queue.taking = true
      const max = queue.maxToTake
      const names = queue.backlog.length > 0 ? queue.backlog.splice(0, max) : undefined
      if (!names) queue.mayHoldNew = false
      return { queue: queue.name, names, max, maxNames }
    })
    const maxBytes = Math.min(MAX_TASK_BYTES, MAX_BYTES - this.#bytes)
    try {
      const taken = await this.#pool.run('take', { ...this.#task, queues, maxBytes })
      for (const [i, queue] of group.entries()) this.#taken(queue, taken[i] as Taken)
    } finally {
      this.#takeTasks--
    }
    this.#takeTurns()
  }

  get #namesKept(): number {
    let count = 0
    for (const { backlog } of this.#queues.values()) count += backlog.length
    return count
  }

  #taken(queue: Queue, { requests, backlog, more, claimedFiles, bad }: Taken): void {
    queue.taking = false
    queue.backlog = [...backlog, ...queue.backlog]
    if (more) queue.mayHoldNew = true
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
    for (const name of backlog) queue.mentioned.delete(name)
    if (queue.mentioned.size > 0) this.#noteNew(queue)
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
      park: () => {
        if (queue.park(claim)) this.#next(queue)
      },
    }
    this.#options.executor(request).then((text) => {
      if (text === undefined) return this.#release(queue, stem)
      this.#bytes += text.length - claim.bytes
      queue.answering(claim, text.length)
      this.#outbox.add({ queue: queue.name, stem, text })
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
