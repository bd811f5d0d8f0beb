// Serves a spool: takes requests out of its queues, has them executed, and puts the answers back. It knows
// nothing of what a request says; that is its `executor`'s business, so another protocol can use it as it
// is (docs/RELAY.md shows how).
//
//   watch or scan ─▶ look ─▶ drain (worker: claim, read) ─▶ execute ─▶ answer (worker: write) ─▶ archive
//
// Guarantees: the requests of a queue start in the order of their names; a queue gets its turn after each
// other queue that has work (`MAX_RUNNING` requests at a time), and a request that waits for something holds
// up no other; every claimed request is answered, if not by this host then by the one that follows it. It is
// executed at least once: the executor makes that exactly once by the request's name. Ends with `stop`.

import { Answers } from './answers.js'
import type { ClaimedFile, Drained } from './drain.js'
import { Housekeeping } from './housekeeping.js'
import { ABANDONED, CLAIMED, SUBMITTED, stemOf } from './layout.js'
import { isThere, type Occupant } from './occupancy.js'
import { FilePool } from './pool.js'
import type { Scanned } from './scan.js'
import { SpoolWatch } from './watch.js'

export interface QueuedRequest {
  readonly queue: string
  /** Names the request in its queue, for ever. */
  readonly stem: string
  /** The file's text, or, where it can't be a request, why. */
  readonly file: ClaimedFile
  /** Another state than the one served now was served when it was claimed: it may have been executed there. */
  readonly foreign: boolean
  /** To be called when the request begins to wait for something that may never happen. */
  readonly waits: () => void
  /** Aborted when nobody waits for the answer any more. It is to be given all the same. */
  readonly signal: AbortSignal
}

export interface HostOptions {
  /** The spool's folder. It must be there, and is not followed if it is a link. */
  readonly spool: string
  /** Names what requests are executed on. Hosts with the same name may serve one spool; others stand by. */
  readonly state: string
  /**
   * Executes a request and returns its response's text, or undefined to leave it to the next host; never
   * rejects. Called in the order of names, and once more for each request whose response was not written
   * when a host died.
   */
  readonly executor: (request: QueuedRequest) => Promise<string | undefined>
  readonly maxRequestBytes: number
  readonly log: (level: 'info' | 'warn', message: string) => void
  /** Told of what no retry heals; the host is of no use any more. */
  readonly onFailure: (error: Error) => void
  /** False: no watch, scans only, as on a file system without events. */
  readonly watch?: boolean | undefined
  /** Threads that were started ahead; the host ends them. */
  readonly pool?: FilePool | undefined
  /** Milliseconds between scans while there is no work. Default 1,500. */
  readonly idleScanMs?: number | undefined
}

/** Requests of one queue that are executed at once; those that wait don't count. */
const MAX_RUNNING = 128
/** Requests of one queue that may wait; the next ones count as running. */
const MAX_WAITING = 2_000
/** Requests that one drain takes from a queue, so that the others get their turn. */
const MAX_TAKEN = 64
const QUEUES_A_TASK = 16
/** Milliseconds between scans: while there is work, and while there is none. */
const BUSY_SCAN_MS = 250
const IDLE_SCAN_MS = 1_500
/** A scan may take this share of the time. */
const SCAN_SHARE = 0.1
const STOP_MS = 5_000

class Queue {
  readonly name: string
  /** Names found and not taken yet, in order. */
  left: readonly string[] = []
  /** Something may be there that is not in `left`. */
  look = false
  draining = false
  /** Names that events spoke of during a drain. */
  readonly mentioned = new Set<string>()
  running = 0
  waiting = 0
  /** Stems that were claimed and have no response yet, and what ends their waits. */
  readonly unanswered = new Map<string, AbortController>()

  constructor(name: string) {
    this.name = name
  }

  get hasWork(): boolean {
    return !this.draining && (this.left.length > 0 || this.look) && this.running < MAX_RUNNING
  }
}

export class QueueHost {
  readonly #options: HostOptions
  readonly #pool: FilePool
  readonly #watch: SpoolWatch | undefined
  readonly #answers: Answers
  readonly #housekeeping: Housekeeping
  readonly #queues = new Map<string, Queue>()
  /** Queues that have work, in the order in which they get their turn. */
  readonly #turns = new Set<Queue>()
  readonly #complaints = new Set<string>()
  readonly #foreign = new Set<string>()
  #after: string | undefined
  /** Hosts that serve the spool together with this one, by the marks that they left last. */
  readonly #beside = new Map<string, Occupant>()
  #serving = false
  #drains = 0
  #scanTimer: NodeJS.Timeout | undefined
  #lastWorkAt = 0
  #stopping = false

  constructor(options: HostOptions) {
    this.#options = options
    this.#pool = options.pool ?? new FilePool()
    this.#pool.onFailure(options.onFailure)
    this.#answers = new Answers(this.#pool, options, (queue, stem) => this.#answered(queue, stem))
    this.#housekeeping = new Housekeeping({
      pool: this.#pool,
      spool: options.spool,
      unanswered: (queue) => this.#queue(queue).unanswered.keys(),
      onOrphans: (queue, names) => this.#resume(queue, names),
      onFailure: options.onFailure,
    })
    if (options.watch !== false) {
      this.#watch = new SpoolWatch(options.spool, (queue, name) => this.#noticed(queue, name))
    }
  }

  /** Begins to serve. @throws Error when the spool can't be used, with the reason */
  async start(): Promise<void> {
    await this.#scan()
  }

  /** Requests that were taken and not answered yet. */
  get unanswered(): number {
    let count = 0
    for (const queue of this.#queues.values()) count += queue.unanswered.size
    return count
  }

  /** Takes nothing more, waits for what is being executed, writes the answers, leaves the spool to others. */
  async stop(): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#scanTimer)
    this.#watch?.close()
    const giveUpAt = Date.now() + STOP_MS
    while ((this.#drains > 0 || this.unanswered > 0) && Date.now() < giveUpAt) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    this.#answers.close()
    await this.#housekeeping.close()
    if (this.#serving) await this.#pool.run('leaveSpool', this.#task).catch(() => {}) // a spool that has gone
    await this.#pool.close()
  }

  // What there is to do

  #noticed(name: string, file: string | null): void {
    this.#housekeeping.touched(name)
    const queue = this.#queue(name)
    const abandoned = file !== null && stemOf(file, ABANDONED)
    if (abandoned) {
      queue.unanswered.get(abandoned)?.abort()
      if (queue.draining) queue.mentioned.add(file) // it may be among what is just being claimed
      return
    }
    if (file !== null && stemOf(file, SUBMITTED) === undefined) return
    if (file !== null && queue.unanswered.has(file.slice(0, -SUBMITTED.length))) return // our own claim of it
    if (queue.draining && file !== null) queue.mentioned.add(file)
    else this.#look(queue)
  }

  #look(queue: Queue): void {
    queue.look = true
    this.#takeTurns(queue)
  }

  #queue(name: string): Queue {
    let queue = this.#queues.get(name)
    if (!queue) {
      queue = new Queue(name)
      this.#queues.set(name, queue)
    }
    return queue
  }

  async #scan(): Promise<void> {
    const startedAt = performance.now()
    const gone = [...this.#beside].filter(([, mark]) => !isThere(mark))
    const unfinished = !this.#serving || gone.length > 0
    const scanned = await this.#pool.run('scan', { ...this.#task, unfinished })
    for (const [key] of gone) this.#beside.delete(key)
    this.#follow(scanned)
    if (this.#stopping) return
    const busy = Date.now() - this.#lastWorkAt < 2_000 || scanned.occupancy.kind === 'taken_over'
    const { idleScanMs = IDLE_SCAN_MS } = this.#options
    const everyMs = busy ? Math.min(BUSY_SCAN_MS, idleScanMs) : idleScanMs
    const restMs = Math.max(everyMs, (performance.now() - startedAt) / SCAN_SHARE)
    this.#scanTimer = setTimeout(() => this.#scanAgain(), restMs)
  }

  async #scanAgain(): Promise<void> {
    try {
      await this.#scan()
      this.#complaints.delete('scan')
    } catch (error) {
      if (this.#stopping) return
      this.#complain(
        'scan',
        `the spool can't be read for now, it is tried again: ${(error as Error).message}`,
      )
      this.#scanTimer = setTimeout(() => this.#scanAgain(), IDLE_SCAN_MS)
    }
  }

  #follow({ occupancy, identity, queues, bad }: Scanned): void {
    if (this.#stopping) return
    for (const name of bad) this.#complain(name, `requests/${name} is not a queue and is skipped`)
    if (occupancy.kind !== 'serving') {
      this.#serving = false
      this.#watch?.follow(identity, [])
      if (occupancy.kind === 'taken_over') this.#after = occupancy.after
      else this.#complain('occupied', `another host serves the spool (${occupancy.by}); this one stands by`)
      return
    }
    this.#watch?.follow(identity, queues)
    const { beside } = occupancy
    if (beside) this.#beside.set(`${beside.pid} on ${beside.host_name}`, beside)
    const isFirst = !this.#serving
    this.#serving = true
    if (isFirst) this.#options.log('info', `relay serves ${this.#options.spool}`)
    for (const { name, pending, unfinished } of queues) {
      this.#resume(name, unfinished)
      if (!pending && !isFirst) continue
      // Watch first, then look: what came before the watch was there is found now.
      this.#housekeeping.touched(name)
      this.#look(this.#queue(name))
    }
    this.#after = undefined // what is found unanswered later was claimed for this state
    this.#housekeeping.tick()
  }

  /** Takes up again what was claimed by a host that has died, before anything new. */
  #resume(name: string, claimed: readonly string[]): void {
    const queue = this.#queue(name)
    const known = claimed.filter((file) => !queue.unanswered.has(file.slice(0, -CLAIMED.length)))
    if (this.#after !== undefined) for (const file of known) this.#foreign.add(`${name}/${file}`)
    queue.left = [...known, ...queue.left]
    if (known.length > 0) this.#takeTurns(queue)
  }

  // Taking it

  #takeTurns(queue?: Queue): void {
    if (queue?.hasWork) this.#turns.add(queue)
    while (this.#turns.size > 0 && this.#drains < this.#pool.threads && this.#serving && !this.#stopping) {
      const group = [...this.#turns].slice(0, QUEUES_A_TASK)
      for (const next of group) this.#turns.delete(next)
      this.#drain(group).catch(this.#options.onFailure)
    }
  }

  async #drain(group: readonly Queue[]): Promise<void> {
    this.#drains++
    const queues = group.map((queue) => {
      queue.draining = true
      const names = queue.left.length > 0 ? queue.left : undefined
      queue.left = []
      if (!names) queue.look = false
      return { queue: queue.name, names, max: Math.min(MAX_TAKEN, MAX_RUNNING - queue.running) }
    })
    try {
      const drained = await this.#pool.run('drain', { ...this.#task, queues })
      for (const [i, queue] of group.entries()) this.#drained(queue, drained[i] as Drained)
    } finally {
      this.#drains--
    }
    this.#takeTurns()
  }

  #drained(queue: Queue, { requests, left, claimedFiles, bad }: Drained): void {
    queue.draining = false
    queue.left = [...left, ...queue.left] // the latter were found meanwhile, to be taken up again
    if (bad !== undefined) this.#complain(queue.name, `requests/${queue.name} is skipped: ${bad}`)
    if (requests.length > 0) this.#lastWorkAt = Date.now()
    for (const file of requests) {
      queue.mentioned.delete(file.stem + SUBMITTED)
      this.#start(queue, file)
    }
    for (const name of left) queue.mentioned.delete(name)
    if (queue.mentioned.size > 0) queue.look = true
    queue.mentioned.clear()
    if (queue.hasWork) this.#turns.add(queue)
    this.#housekeeping.counted(queue.name, claimedFiles - queue.unanswered.size)
  }

  #start(queue: Queue, file: ClaimedFile): void {
    const { stem } = file
    if (queue.unanswered.has(stem)) return
    const abandoned = new AbortController()
    queue.unanswered.set(stem, abandoned)
    if (queue.mentioned.delete(stem + ABANDONED)) abandoned.abort()
    queue.running++
    let waits = false
    const request: QueuedRequest = {
      queue: queue.name,
      stem,
      file,
      signal: abandoned.signal,
      foreign: this.#foreign.delete(`${queue.name}/${stem}${CLAIMED}`),
      waits: () => {
        if (waits || queue.waiting >= MAX_WAITING) return
        waits = true
        queue.waiting++
        queue.running--
        this.#takeTurns(queue)
      },
    }
    this.#options.executor(request).then((text) => {
      if (waits) queue.waiting--
      else queue.running--
      if (text === undefined) queue.unanswered.delete(stem)
      else this.#answers.add({ queue: queue.name, stem, text })
      this.#takeTurns(queue)
    }, this.#options.onFailure)
  }

  #answered(name: string, stem: string): void {
    this.#queues.get(name)?.unanswered.delete(stem)
    this.#lastWorkAt = Date.now()
  }

  get #task() {
    const { spool, state, maxRequestBytes } = this.#options
    return { spool, state, maxRequestBytes }
  }

  /** Once for each cause, so that nobody can fill the log. */
  #complain(cause: string, text: string): void {
    if (this.#complaints.has(cause) || this.#complaints.size > 1_000) return
    this.#complaints.add(cause)
    this.#options.log('warn', text)
  }
}
