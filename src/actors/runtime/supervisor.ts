// Starts actors in order, introduces them to each other, restarts those that die, stops them in reverse. When
// it starts, all threads load their modules at once, which takes most of the time; booting them keeps the order.
//
//   start ─▶ starting ─ready─▶ running ─exit─▶ (restart window) ─▶ starting …
//                 └─failed/timeout─▶ counted like a crash, once the tree is up; fatal while it comes up
//
// Which children a crash restarts is the strategy's choice. Past the restart intensity the supervisor
// stops everything and reports why (`onGiveUp`): a hub that cannot live must not pretend to.

import { setTimeout as sleep } from 'node:timers/promises'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { ArcError } from '../../protocol/errors.js'
import type { ActorContract, Log, SupervisorContract } from './actor.js'
import { Link } from './link.js'
import { DEFAULT_INTENSITY, type Intensity, RestartWindow, restartDelayMs } from './restart-window.js'

/** An actor that hangs is no common thing; on a machine that agents keep busy 15 s were too short for the relay. */
const START_TIMEOUT_MS = 60_000
/** Who started the hub and waits for its word has the processors first. */
const ALL_UP_AFTER_MS = 100
/**
 * Mebibytes. A young generation may grow to 48 by itself, in each thread and for good; 6 are as fast for most, and
 * are touched whole within the first thousands of requests, so that memory is level from then on.
 */
const HEAP = { maxYoungGenerationSizeMb: 6, maxOldGenerationSizeMb: 512 } as const

/** Flags of Node's that actors get as well. One whose value is an argument of its own can't be told from what follows. */
const PROFILING = /^--((cpu|heap)-prof(-[a-z]+=.*)?|enable-source-maps)$/

/** Restart the one that died; or it and those started after it; or all. */
export type Strategy = 'one_for_one' | 'rest_for_one' | 'one_for_all'

export interface ChildSpec {
  readonly name: string
  /** The compiled module that calls `runActor`. */
  readonly entry: URL
  /** What the actor is started with; `infoOf` tells what an actor reported when it last became ready. */
  config(infoOf: (name: string) => unknown): unknown
  /** Peers that it is connected to, by name. */
  readonly links: readonly string[]
  /** Heap cap in MiB: an out-of-memory ends this actor alone. */
  readonly maxHeapMb?: number
  /** MiB for young objects, default 6: an actor that has much under way at once copies it less often with more. */
  readonly maxYoungHeapMb?: number
  readonly startTimeoutMs?: number
  readonly stopTimeoutMs?: number
}

export interface SupervisorOptions {
  readonly children: readonly ChildSpec[]
  readonly strategy?: Strategy
  readonly intensity?: Intensity
  readonly log: Log
  readonly onGiveUp: (reason: ArcError) => void
  readonly onStopAll: (reason: string) => void
}

interface Thread {
  readonly worker: Worker
  readonly control: Link<ActorContract, SupervisorContract>
  /** What the actor says when it was booted. */
  readonly started: Deferred<unknown>
  /** Settles with the reason when the thread has ended. */
  readonly exited: Promise<string>
}

/** The children that `strategy` restarts when `failed` died, in starting order. */
export function restartSet(strategy: Strategy, names: readonly string[], failed: string): readonly string[] {
  if (strategy === 'one_for_one') return [failed]
  return strategy === 'rest_for_one' ? names.slice(names.indexOf(failed)) : names
}

export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #running = new Map<string, Thread>()
  readonly #lastInfo = new Map<string, unknown>()
  readonly #window: RestartWindow
  /** Children that died, or go down with one that did, and are not back yet. */
  readonly #down = new Set<string>()
  #reviving: Promise<void> | undefined
  #stopping = false

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#window = new RestartWindow(options.intensity ?? DEFAULT_INTENSITY)
  }

  /** Starts every child in order. @throws ArcError why the first one could not; those before it are stopped. */
  async start(): Promise<void> {
    const loading = new Map(this.#options.children.map((spec) => [spec, this.#load(spec)]))
    try {
      for (const [spec, thread] of loading) {
        loading.delete(spec)
        await this.#startFirst(spec, thread)
      }
      this.#tellAllUp()
    } catch (error) {
      await Promise.all([...loading.values()].map(end))
      await this.stop()
      throw error
    }
  }

  /** Stops every child, the last one first; each may take its `stopTimeoutMs`, then it is terminated. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#reviving
    for (const spec of this.#options.children.toReversed()) await this.#stopChild(spec)
  }

  info(name: string): unknown {
    return this.#lastInfo.get(name)
  }

  /**
   * Ends a child's thread on the spot, as a crash would: for fault tests. Terminated, it ends wherever it is;
   * one that speaks HTTP has to end by itself, since Node aborts the process when its parser is cut short.
   */
  async kill(name: string, how: 'terminate' | 'exit' = 'terminate'): Promise<void> {
    const child = this.#running.get(name)
    if (how === 'terminate') await child?.worker.terminate()
    else {
      child?.control.cast('crash', undefined)
      await child?.exited
    }
  }

  /** A child's first start. One that fails by itself is fatal; one that lost a peer is restarted with it. */
  async #startFirst(spec: ChildSpec, thread: Thread): Promise<void> {
    try {
      await this.#startChild(spec, thread)
    } catch (error) {
      if (!(error instanceof ArcError && error.code === 'peer_lost')) throw error
      if (!this.#mayRestart(spec, error.message)) throw error
      this.#down.add(spec.name)
      while (this.#down.has(spec.name) && !this.#stopping) await this.#bringBack()
      if (this.#stopping) throw error
    }
  }

  /** Starts a thread, which loads its modules and waits to be booted. */
  #load(spec: ChildSpec): Thread {
    const { port1, port2 } = new MessageChannel()
    const worker = new Worker(spec.entry, {
      name: spec.name,
      workerData: port2,
      transferList: [port2],
      // What was preloaded into this process (a test runner's hooks, say) is not for the actors.
      execArgv: process.execArgv.filter((flag) => PROFILING.test(flag)),
      resourceLimits: {
        maxYoungGenerationSizeMb: spec.maxYoungHeapMb ?? HEAP.maxYoungGenerationSizeMb,
        maxOldGenerationSizeMb: spec.maxHeapMb ?? HEAP.maxOldGenerationSizeMb,
      },
    })
    const started = deferred<unknown>()
    const control = new Link<ActorContract, SupervisorContract>(port1, {
      ready: ({ input }) => started.resolve(input),
      failed: ({ input }) => started.reject(ArcError.fromData(input)),
      log: ({ input }) =>
        this.#options.log(input.level, input.message, { actor: spec.name, ...input.fields }),
      stopAll: ({ input }) => this.#options.onStopAll(input.reason),
    })
    return { worker, control, started, exited: exitReason(worker) }
  }

  async #startChild(spec: ChildSpec, thread = this.#load(spec)): Promise<void> {
    const { control, started, exited, worker } = thread
    const fail = (why: string, code: 'start_failed' | 'peer_lost' = 'start_failed') => {
      started.reject(new ArcError(code, `${spec.name} ${why}`))
    }
    const timeoutMs = spec.startTimeoutMs ?? START_TIMEOUT_MS
    const timer = setTimeout(() => fail(`was not ready within ${timeoutMs} ms`), timeoutMs)
    void exited.then((reason) => fail(`ended as it started: ${reason}`))
    const peers = this.#introduceToPeers(spec)
    const config = spec.config((name) => this.info(name))
    control.cast(
      'boot',
      { config, peers },
      peers.map(({ port }) => port),
    )
    // A peer that dies now would be waited for in vain; both are then started anew, in order.
    for (const { peer } of peers) {
      void this.#running.get(peer)?.exited.then(() => fail(`lost ${peer} as it started`, 'peer_lost'))
    }
    try {
      const info = await started.promise
      this.#running.set(spec.name, thread)
      this.#lastInfo.set(spec.name, info)
    } catch (error) {
      await end(thread)
      throw error
    } finally {
      clearTimeout(timer)
    }
    void exited.then((reason) => this.#crashed(spec, worker, reason))
  }

  #tellAllUp(): void {
    const tell = () => {
      for (const { control } of this.#running.values()) control.cast('allUp', undefined)
    }
    setTimeout(tell, ALL_UP_AFTER_MS).unref()
  }

  /** Makes a pair of ports for a child that starts and each running peer; returns the child's ends. */
  #introduceToPeers(spec: ChildSpec): { peer: string; port: MessagePort }[] {
    return this.#options.children.flatMap((other) => {
      const running = this.#running.get(other.name)
      if (!running || !(spec.links.includes(other.name) || other.links.includes(spec.name))) return []
      const { port1, port2 } = new MessageChannel()
      running.control.cast('introduce', { peer: spec.name, port: port2 }, [port2])
      return [{ peer: other.name, port: port1 }]
    })
  }

  #crashed(spec: ChildSpec, worker: Worker, reason: string): void {
    const child = this.#running.get(spec.name)
    if (child?.worker !== worker) return // stopped on purpose
    child.control.close()
    this.#running.delete(spec.name)
    this.#options.log('error', `${spec.name} ended: ${reason}`, { actor: spec.name })
    if (!this.#mayRestart(spec, reason)) return
    const names = this.#options.children.map((child) => child.name)
    const strategy = this.#options.strategy ?? 'one_for_one'
    for (const name of restartSet(strategy, names, spec.name)) this.#down.add(name)
    void this.#bringBack()
  }

  #bringBack(): Promise<void> {
    this.#reviving ??= this.#revive().finally(() => {
      this.#reviving = undefined
    })
    return this.#reviving
  }

  /** Brings back what is down, always in starting order: one that crashed may need another that crashed with it. */
  async #revive(): Promise<void> {
    for (let failedStarts = 0; ; ) {
      await sleep(restartDelayMs(failedStarts))
      const affected = this.#options.children.filter((spec) => this.#down.has(spec.name))
      if (affected.length === 0 || this.#stopping) return
      for (const spec of affected.toReversed()) await this.#stopChild(spec)
      const failed = await this.#startAll(affected)
      failedStarts = failed ? failedStarts + 1 : 0
      if (failed && !this.#mayRestart(failed.spec, failed.reason)) return
    }
  }

  /** Starts children in order; returns the first that could not be. */
  async #startAll(specs: readonly ChildSpec[]): Promise<{ spec: ChildSpec; reason: string } | undefined> {
    for (const spec of specs) {
      try {
        await this.#startChild(spec)
        this.#down.delete(spec.name)
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        this.#options.log('error', `${spec.name} could not be restarted: ${reason}`, { actor: spec.name })
        return { spec, reason }
      }
    }
    for (const { name } of specs) this.#options.log('info', `${name} is back`, { actor: name })
    this.#tellAllUp()
    return undefined
  }

  /** Counts a crash or a failed start; false when it is one too many, and the supervisor has given up. */
  #mayRestart(spec: ChildSpec, reason: string): boolean {
    if (this.#stopping) return false
    if (this.#window.allows(Date.now())) return true
    this.#stopping = true
    const error = new ArcError('start_failed', `${spec.name} keeps failing, the hub gives up: ${reason}`)
    this.#options.log('error', error.message, { actor: spec.name })
    this.#options.onGiveUp(error)
    return false
  }

  async #stopChild(spec: ChildSpec): Promise<void> {
    const child = this.#running.get(spec.name)
    if (!child) return
    this.#running.delete(spec.name)
    try {
      await child.control.call('stop', undefined, spec.stopTimeoutMs ?? 10_000)
    } catch (error) {
      this.#options.log('warn', `${spec.name} did not stop in good order: ${error}`, { actor: spec.name })
    }
    await end(child)
  }
}

async function end({ control, worker }: Thread): Promise<void> {
  control.close()
  await worker.terminate()
}

/** Settles when the thread has ended, with the error that ended it or its exit code. */
function exitReason(worker: Worker): Promise<string> {
  return new Promise((resolve) => {
    let failure: string | undefined
    worker.on('error', (error: unknown) => {
      failure = error instanceof Error ? (error.stack ?? error.message) : String(error)
    })
    worker.on('exit', (code) => resolve(failure ?? `exit code ${code}`))
  })
}

interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}

function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {}
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}
