// Starts actors in order, introduces them to each other, restarts those that die, stops them in reverse.
//
//   start ─▶ starting ─ready─▶ running ─exit─▶ (restart window) ─▶ starting …
//                 └─failed/timeout─▶ counted like a crash, once the tree is up; fatal while it comes up
//
// Which children a crash restarts is the strategy's choice. Past the restart intensity the supervisor
// stops everything and reports why (`onGiveUp`): a hub that cannot live must not pretend to.

import { setTimeout as sleep } from 'node:timers/promises'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { ArcError } from '../../protocol/errors.js'
import type { ActorBoot, ActorContract, Log, SupervisorContract } from './actor.js'
import { Link } from './link.js'
import { DEFAULT_INTENSITY, type Intensity, RestartWindow, restartDelayMs } from './restart-window.js'

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

interface Running {
  readonly worker: Worker
  readonly control: Link<ActorContract, SupervisorContract>
  readonly info: unknown
  readonly exited: Promise<string>
}

/** The children that `strategy` restarts when `failed` died, in starting order. */
export function restartSet(strategy: Strategy, names: readonly string[], failed: string): readonly string[] {
  if (strategy === 'one_for_one') return [failed]
  return strategy === 'rest_for_one' ? names.slice(names.indexOf(failed)) : names
}

export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #running = new Map<string, Running>()
  readonly #lastInfo = new Map<string, unknown>()
  readonly #window: RestartWindow
  #restarting: Promise<void> = Promise.resolve()
  #stopping = false

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#window = new RestartWindow(options.intensity ?? DEFAULT_INTENSITY)
  }

  /** Starts every child in order. @throws ArcError why the first one could not; those before it are stopped. */
  async start(): Promise<void> {
    try {
      for (const spec of this.#options.children) await this.#startChild(spec)
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Stops every child, the last one first; each may take its `stopTimeoutMs`, then it is terminated. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#restarting
    for (const spec of [...this.#options.children].reverse()) await this.#stopChild(spec)
  }

  info(name: string): unknown {
    return this.#lastInfo.get(name)
  }

  /** Ends a child's thread on the spot, as a crash would: for fault tests. */
  async kill(name: string): Promise<void> {
    await this.#running.get(name)?.worker.terminate()
  }

  async #startChild(spec: ChildSpec): Promise<void> {
    const { port1, port2 } = new MessageChannel()
    const peers = this.#introduceToPeers(spec)
    const boot: ActorBoot = { config: spec.config((name) => this.info(name)), control: port2, peers }
    const worker = new Worker(spec.entry, {
      name: spec.name,
      workerData: boot,
      transferList: [port2, ...peers.map(({ port }) => port)],
      // What was preloaded into this process (a test runner's hooks, say) is not for the actors.
      execArgv: process.execArgv.filter((flag) => /^--(cpu-prof|heap-prof|enable-source-maps)/.test(flag)),
      resourceLimits: { maxOldGenerationSizeMb: spec.maxHeapMb ?? 512 },
    })
    const exited = exitReason(worker)
    const started = withResolvers<unknown>()
    const control = new Link<ActorContract, SupervisorContract>(port1, {
      ready: ({ input }) => started.resolve(input),
      failed: ({ input }) => started.reject(ArcError.fromData(input)),
      log: ({ input }) =>
        this.#options.log(input.level, input.message, { actor: spec.name, ...input.fields }),
      stopAll: ({ input }) => this.#options.onStopAll(input.reason),
    })
    const timeoutMs = spec.startTimeoutMs ?? 15_000
    const timer = setTimeout(() => {
      started.reject(new ArcError('start_failed', `${spec.name} was not ready within ${timeoutMs} ms`))
    }, timeoutMs)
    exited.then((reason) =>
      started.reject(new ArcError('start_failed', `${spec.name} ended as it started: ${reason}`)),
    )
    try {
      const info = await started.promise
      this.#running.set(spec.name, { worker, control, info, exited })
      this.#lastInfo.set(spec.name, info)
    } catch (error) {
      control.close()
      await worker.terminate()
      throw error
    } finally {
      clearTimeout(timer)
    }
    exited.then((reason) => this.#crashed(spec, worker, reason))
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
    if (this.#running.get(spec.name)?.worker !== worker) return // stopped on purpose
    this.#running.get(spec.name)?.control.close()
    this.#running.delete(spec.name)
    this.#options.log('error', `${spec.name} ended: ${reason}`, { actor: spec.name })
    this.#restarting = this.#restarting.then(() => this.#restart(spec, reason))
  }

  async #restart(failed: ChildSpec, firstReason: string): Promise<void> {
    const specs = this.#options.children
    const names = restartSet(
      this.#options.strategy ?? 'one_for_one',
      specs.map((spec) => spec.name),
      failed.name,
    )
    const affected = specs.filter((spec) => names.includes(spec.name))
    let reason = firstReason
    for (let failedStarts = 0; !this.#stopping; failedStarts++) {
      if (!this.#window.allows(Date.now())) return this.#giveUp(failed, reason)
      await sleep(restartDelayMs(failedStarts))
      try {
        for (const spec of [...affected].reverse()) await this.#stopChild(spec)
        for (const spec of affected) await this.#startChild(spec)
        this.#options.log('info', `${failed.name} is back`, { actor: failed.name })
        return
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error)
        this.#options.log('error', `${failed.name} could not be restarted: ${reason}`, { actor: failed.name })
      }
    }
  }

  #giveUp(spec: ChildSpec, reason: string): void {
    const error = new ArcError('start_failed', `${spec.name} keeps failing, the hub gives up: ${reason}`)
    this.#options.log('error', error.message, { actor: spec.name })
    this.#options.onGiveUp(error)
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
    child.control.close()
    await child.worker.terminate()
  }
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

function withResolvers<T>(): {
  promise: Promise<T>
  resolve: (value: T) => void
  reject: (error: Error) => void
} {
  let resolve: (value: T) => void = () => {}
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}
