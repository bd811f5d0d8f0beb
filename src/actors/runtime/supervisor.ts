// Starts actors in order, introduces them to each other, restarts dead ones, and stops them in reverse order. At the start
// all threads load their modules at once, which takes most of the time. It boots them in order. One in the background loads
// when those before it run, and nobody waits for it: they get the processors.
//
//   down ─▶ starting ─ready─▶ running ─ended─▶ (restart window) ─▶ down …
//    ▲          │
//    └─ pause ──┴─ failed ─▶ (restart window); fatal for one that has never run
//
// One loop starts the actors that are down, always the first in order. A failed start is data for that loop. Past the restart
// intensity the supervisor gives up and reports why (`onGiveUp`).
//
// `stop` ends it at any time: it also ends a start in progress, and the pause before the next one.

import { setTimeout as sleep } from 'node:timers/promises'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { ArcError } from '../../protocol/errors.js'
import type { Log } from './actor.js'
import { DEFAULT_INTENSITY, type Intensity, RestartWindow, restartDelayMs } from './restart-window.js'
import { ActorThread, type ThreadOptions } from './thread.js'

/** Milliseconds for a start. On a busy machine a start of the relay takes more than 15 s. */
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 8_000

export interface ChildSpec extends ThreadOptions {
  /**
   * The actor's configuration, at each start. `infoOf` returns what an actor reported when it last became ready. `isFirst`: this
   * one never did. An error fails the start.
   */
  config(infoOf: (name: string) => unknown, isFirst: boolean): unknown
  /** The names of its peers. */
  readonly links: readonly string[]
  /** The start of the tree is over before it is ready, once it has its configuration. Default false. */
  readonly inBackground?: boolean
  readonly startTimeoutMs?: number
  readonly stopTimeoutMs?: number
}

export interface SupervisorOptions {
  readonly children: readonly ChildSpec[]
  readonly intensity?: Intensity
  readonly log: Log
  /** Called once. The callee must call `stop`. */
  readonly onGiveUp: (reason: ArcError) => void
  readonly onStopAll: (reason: string) => void
}

export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #window: RestartWindow
  /** Threads that load but are not booted; the first start loads all of them together. */
  readonly #loading = new Map<string, ActorThread>()
  readonly #starting = new Set<ActorThread>()
  readonly #running = new Map<string, ActorThread>()
  /** Children that must be started. */
  readonly #down = new Set<string>()
  readonly #lastInfo = new Map<string, unknown>()
  /** Aborted when the supervisor must start nothing more. */
  readonly #ending = new AbortController()
  #bringingUp: Promise<void> | undefined
  /** Ends the start of the tree. */
  #onUp: () => void = () => {}
  /** Only children in the background have not run. */
  #isUp = false
  #stopped: Promise<void> | undefined

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#window = new RestartWindow(options.intensity ?? DEFAULT_INTENSITY)
  }

  /**
   * Starts every child in order.
   * @throws ArcError why the first failing child could not start, or `aborted` after a stop; no thread is left then
   */
  async start(): Promise<void> {
    if (this.#isEnding) throw stoppedWhileStarting()
    for (const spec of this.#options.children) {
      if (!spec.inBackground) this.#loading.set(spec.name, this.#load(spec))
      this.#down.add(spec.name)
    }
    const up = new Promise<void>((resolve) => {
      this.#onUp = resolve
    })
    try {
      await Promise.race([up, this.#bringUp()])
      if (this.#isEnding) throw stoppedWhileStarting()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Stops every child, the last one first. A child that takes longer than its `stopTimeoutMs` is ended. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  info(name: string): unknown {
    return this.#lastInfo.get(name)
  }

  /**
   * Ends a child's thread at once, like a crash. For fault tests. `terminate` ends it wherever it is; a thread that speaks
   * HTTP must `exit` by itself (see `ActorThread.end`).
   */
  async kill(name: string, how: 'terminate' | 'exit' = 'terminate'): Promise<void> {
    if (!this.#lastInfo.has(name)) await this.#bringingUp?.catch(() => {}) // in the background
    const thread = this.#running.get(name)
    await (how === 'terminate' ? thread?.kill() : thread?.exit())
  }

  get #isEnding(): boolean {
    return this.#ending.signal.aborted
  }

  async #stop(): Promise<void> {
    this.#ending.abort()
    for (const thread of this.#starting) thread.fail('was stopped while it started')
    await this.#bringingUp?.catch(() => {}) // `start` rejects with it
    await Promise.all([...this.#loading.values()].map((thread) => thread.end()))
    for (const spec of this.#options.children.toReversed()) await this.#stopChild(spec)
  }

  async #stopChild(spec: ChildSpec): Promise<void> {
    const thread = this.#running.get(spec.name)
    if (!thread) return
    this.#running.delete(spec.name)
    try {
      await thread.stop(spec.stopTimeoutMs ?? STOP_TIMEOUT_MS)
    } catch (error) {
      this.#options.log('warn', `${spec.name} did not stop in good order: ${error}`, { actor: spec.name })
    }
  }

  /** Starts the children that are down. @throws ArcError if one that has never run can't be started */
  #bringUp(): Promise<void> {
    this.#bringingUp ??= this.#startAll()
    return this.#bringingUp
  }

  async #startAll(): Promise<void> {
    let failedStarts = 0
    try {
      for (;;) {
        await this.#pause(restartDelayMs(failedStarts)) // meanwhile a child with an earlier place may die
        const spec = this.#options.children.find(({ name }) => this.#down.has(name))
        if (!spec || this.#isEnding) return
        const failure = await this.#start(spec)
        failedStarts = failure ? failedStarts + 1 : 0
        if (!failure || this.#isEnding) continue
        const isFatal = !this.#isUp && !this.#lastInfo.has(spec.name) && failure.code !== 'peer_lost'
        if (isFatal || !this.#mayRestart(spec, failure.message)) throw failure
      }
    } finally {
      this.#bringingUp = undefined // in the turn of the last look: a later death begins another loop
    }
  }

  /** A pause that a stop ends. */
  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#ending.signal }).catch(() => {})
  }

  #load(spec: ChildSpec): ActorThread {
    const { log, onStopAll } = this.#options
    return new ActorThread(spec, {
      log: ({ input }) => log(input.level, input.message, { actor: spec.name, ...input.fields }),
      stopAll: ({ input }) => onStopAll(input.reason),
    })
  }

  /** Starts a child. Returns the reason if that failed. */
  async #start(spec: ChildSpec): Promise<ArcError | undefined> {
    const { name } = spec
    const isRestart = this.#lastInfo.has(name)
    let thread = this.#loading.get(name)
    this.#loading.delete(name)
    try {
      const config = spec.config((other) => this.info(other), !isRestart)
      if (spec.inBackground) await this.#goOn()
      thread ??= this.#load(spec)
      this.#starting.add(thread)
      const peers = this.#introduceToPeers(spec, thread)
      const info = await thread.boot({ config, peers }, spec.startTimeoutMs ?? START_TIMEOUT_MS)
      this.#running.set(name, thread)
      this.#lastInfo.set(name, info)
      this.#down.delete(name)
    } catch (error) {
      await thread?.end()
      const failure = asStartError(error)
      if ((isRestart || this.#isUp) && !this.#isEnding) {
        const text = `${name} could not be ${isRestart ? 'restarted' : 'started'}: ${failure.message}`
        this.#options.log('error', text, { actor: name })
      }
      return failure
    } finally {
      if (thread) this.#starting.delete(thread)
    }
    void thread.ended.then((reason) => this.#ended(spec, thread, reason))
    if (isRestart) this.#options.log('info', `${name} is back`, { actor: name })
    return undefined
  }

  /** Ends the start of the tree. What waits for it goes on before another thread takes a processor. */
  async #goOn(): Promise<void> {
    this.#isUp = true
    this.#onUp()
    await new Promise((resolve) => setImmediate(resolve))
    if (this.#isEnding) throw stoppedWhileStarting()
  }

  /** Creates a pair of ports for a starting child and each running peer. Returns the child's ends. */
  #introduceToPeers(spec: ChildSpec, thread: ActorThread): { peer: string; port: MessagePort }[] {
    return this.#options.children.flatMap(({ name, links }) => {
      const peer = this.#running.get(name)
      if (!peer || !(spec.links.includes(name) || links.includes(spec.name))) return []
      // If the peer dies now, the child would wait for it in vain. Both are then started again, in order.
      void peer.ended.then(() => thread.fail(`lost ${name} as it started`, 'peer_lost'))
      const { port1, port2 } = new MessageChannel()
      peer.introduce(spec.name, port2)
      return [{ peer: name, port: port1 }]
    })
  }

  #ended(spec: ChildSpec, thread: ActorThread, reason: string): void {
    if (this.#running.get(spec.name) !== thread) return // stopped on purpose
    this.#running.delete(spec.name)
    void thread.end()
    this.#options.log('error', `${spec.name} ended: ${reason}`, { actor: spec.name })
    if (!this.#mayRestart(spec, reason)) return
    this.#down.add(spec.name)
    this.#bringUp().catch(() => {}) // the supervisor has given up and reported it
  }

  /** Counts a crash or a failed start. False if it is one too many: the supervisor has then given up. */
  #mayRestart(spec: ChildSpec, reason: string): boolean {
    if (this.#isEnding) return false
    if (this.#window.allows(Date.now())) return true
    this.#ending.abort()
    const error = new ArcError('start_failed', `${spec.name} keeps failing, the hub gives up: ${reason}`)
    this.#options.log('error', error.message, { actor: spec.name })
    this.#options.onGiveUp(error)
    return false
  }
}

const stoppedWhileStarting = () => new ArcError('aborted', 'the hub was stopped while it started')

function asStartError(error: unknown): ArcError {
  if (error instanceof ArcError) return error
  return new ArcError('start_failed', error instanceof Error ? (error.stack ?? error.message) : String(error))
}
