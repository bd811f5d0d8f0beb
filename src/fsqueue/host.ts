// Serves a spool: takes requests out of its queues, has them executed, and puts the answers back. It knows
// nothing of what a request says; that is its `executor`'s business, so another protocol can use it as it
// is (docs/RELAY.md shows how).
//
//   watch or scan ─▶ look ─▶ drain (worker: claim, read) ─▶ execute ─▶ answer (worker: write) ─▶ archive
//
// Guarantees: the requests of a queue start in the order of their names; a queue gets its turn after each
// other queue that has work, and a request that waits for something holds up no other; what the host keeps
// in memory is bounded, for each queue and for all; every claimed request is answered, if not by this host
// then by the one that follows it. It is executed at least once: the executor makes that exactly once by the
// request's name. Ends with `stop`.

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

/** Requests of all queues that are not answered yet, and bytes that they and their answers hold. */
const MAX_UNANSWERED = 50_000
const MAX_BYTES = 8 * 1024 * 1024
/** Bytes of text that one task brings back at most; a single request may exceed it. */
const MAX_TASK_BYTES = 4 * 1024 * 1024
/** Names that one look brings back; of all queues, so many are kept, and past that only what is taken next. */
const NAMES = { aLook: 10_000, ofAll: 200_000, scarce: 64 } as const
/** Names of one queue that events may speak of during a drain before they only say "look". */
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
  /** Queues that have work, in the order in which they get their turn. */
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
   * Enters the spool; it is served when all that lies there has been seen, however long that takes.
   * @throws Error when the spool can't be used, with the reason
   */
  start(): void {
    this.#scanning.start()
  }

  /** Requests that were taken and not answered yet. */
  get unanswered(): number {
    return this.#unanswered
  }

  /** Takes nothing more, waits for what is being executed, writes the answers, leaves the spool to others. */
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
    } catch {} // a spool that has gone
    await this.#pool.close()
  }

  // What there is to do

  #noticed(name: string, file: string | null): void {
    if (file?.startsWith('.')) return
    if (file !== null) this.#housekeeping.touched(name)
    const queue = this.#queue(name)
    const abandoned = file !== null && stemOf(file, ABANDONED)
    if (abandoned) queue.unanswered.get(abandoned)?.abandonment.happen()
    else if (file !== null && stemOf(file, SUBMITTED) === undefined) return
    else if (file !== null && queue.unanswered.has(file.slice(0, -SUBMITTED.length))) return // our own claim of it
    const isRoom = queue.draining && queue.mentioned.size < MAX_MENTIONED
    if (file !== null && isRoom)
      queue.mentioned.add(file) // it may be among what is just being claimed
    else if (!abandoned) this.#look(queue)
  }

  #look(queue: Queue): void {
    if (queue.rests) return // a scan brings it back
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

  #seen({ pending, unfinished, first, isForeign }: Seen): void {
    this.#forgetIdle()
    for (const { queue, files } of unfinished) this.#resume(queue, files, isForeign)
    for (const name of first ?? pending) {
      // Watch first, then look: what came before the watch was there is found now.
      this.#housekeeping.touched(name)
      const queue = this.#queue(name)
      if (!queue.rests) queue.look = true
      this.#standInLine(queue)
    }
    for (const queue of this.#queues.values()) this.#standInLine(queue) // some may have rested until now
    // Only now that all stand in one line, the oldest requests first: else the first names would take every
    // thread, and a host that is killed again and again might never come to the others.
    this.#takeTurns()
    this.#housekeeping.tick()
  }

  /** Takes up again what was claimed by a host that has died, before anything new. */
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

  /** Nobody may fill the memory with the names of queues. */
  #forgetIdle(): void {
    const usedSince = Date.now() - USED_MS
    for (const [name, queue] of this.#queues) {
      if (queue.isIdle && !queue.rests && queue.takenAt < usedSince) this.#queues.delete(name)
    }
  }

  // Taking it

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

  /** The queue may have something to do now. */
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
