// One actor's thread, as its supervisor sees it.
//
//   loading ─boot─▶ starting ─ready─▶ running ─▶ ended
//      └───────────────┴─ failed, too late, or told to fail ─▶ ended
//
// Guarantees: whatever goes wrong while the thread is made or started rejects `boot`, and reaches nobody else. A thread that
// can't be made counts as one that has ended. `end` returns in bounded time, also where the thread hangs.

import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { ArcError } from '../../protocol/errors.js'
import type { ActorBoot, ActorContract, SupervisorContract } from './actor.js'
import { type Handlers, Link } from './link.js'

/**
 * Mebibytes. A young generation may grow to 48 by itself, in each thread and for good; 6 are as fast for most, and
 * are touched whole within the first thousands of requests, so that memory is level from then on.
 */
const HEAP = { maxYoungGenerationSizeMb: 6, maxOldGenerationSizeMb: 512 } as const

/** Flags of Node's that actors get as well. One whose value is an argument of its own can't be told from what follows. */
const PROFILING = /^--((cpu|heap)-prof(-[a-z]+=.*)?|enable-source-maps)$/

/** What a booted thread gets to end by itself, before it is terminated. */
const EXIT_MS = 500
/** A thread that is blocked outside of JavaScript, in a call to a dead disk say, can't be ended: it is left behind. */
const TERMINATE_MS = 2_000

export interface ThreadOptions {
  readonly name: string
  /** The compiled module that calls `runActor`. */
  readonly entry: URL
  /** Heap cap in MiB: an out-of-memory ends this actor alone. */
  readonly maxHeapMb?: number
  /** MiB for young objects, default 6: an actor that has much under way at once copies it less often with more. */
  readonly maxYoungHeapMb?: number
}

export class ActorThread {
  /** Settles with the reason when the thread has ended. */
  readonly ended: Promise<string>
  readonly #name: string
  readonly #worker: Worker | undefined
  readonly #control: Link<ActorContract, SupervisorContract>
  readonly #ready = deferred<unknown>()
  #isBooted = false

  /** Starts a thread, which loads its modules and waits to be booted. */
  constructor(options: ThreadOptions, handlers: Pick<Handlers<SupervisorContract>, 'log' | 'stopAll'>) {
    this.#name = options.name
    const { port1, port2 } = new MessageChannel()
    this.#control = new Link<ActorContract, SupervisorContract>(port1, {
      ...handlers,
      ready: ({ input }) => this.#ready.resolve(input),
      failed: ({ input }) => this.#ready.reject(ArcError.fromData(input)),
    })
    try {
      this.#worker = makeWorker(options, port2)
      this.ended = endOf(this.#worker)
    } catch (error) {
      port2.close()
      this.ended = Promise.resolve(textOf(error))
    }
    void this.ended.then((reason) => this.fail(`ended as it started: ${reason}`))
  }

  /**
   * Starts the actor in the thread, and settles with what it reports of itself when it is ready.
   * @throws ArcError why it can't be started; it is to be ended then
   */
  async boot(boot: ActorBoot, timeoutMs: number): Promise<unknown> {
    const timer = setTimeout(() => this.fail(`was not ready within ${timeoutMs} ms`), timeoutMs)
    try {
      this.#isBooted = true
      const ports = boot.peers.map(({ port }) => port)
      this.#control.cast('boot', boot, ports)
      this.#control.flush() // what can't be sent is a failed start, and not an error in a later turn
      return await this.#ready.promise
    } finally {
      clearTimeout(timer)
    }
  }

  /** Its start has failed, unless it is over. */
  fail(why: string, code: 'start_failed' | 'peer_lost' = 'start_failed'): void {
    this.#ready.reject(new ArcError(code, `${this.#name} ${why}`))
  }

  /** A peer is there, or is there again. */
  introduce(peer: string, port: MessagePort): void {
    this.#control.cast('introduce', { peer, port }, [port])
  }

  /** Asks the actor to end in good order, then ends the thread. @throws ArcError when it did not within `timeoutMs` */
  async stop(timeoutMs: number): Promise<void> {
    try {
      await this.#control.call('stop', undefined, timeoutMs)
    } catch (error) {
      await this.end()
      throw error
    }
    await this.#terminate()
  }

  /**
   * Ends the thread without asking. One that was booted is first told to exit, which it hears between two events: an
   * actor that speaks HTTP must not be cut short in one, since Node aborts the process when its parser is.
   */
  async end(): Promise<void> {
    if (this.#isBooted) await this.exit()
    await this.#terminate()
  }

  /** Tells the thread to exit, and gives it a moment to do so. */
  async exit(): Promise<void> {
    this.#control.cast('exit', undefined)
    this.#control.flush()
    await this.#endsWithin(EXIT_MS)
  }

  /** Ends the thread wherever it is, as a crash would. */
  async kill(): Promise<void> {
    await this.#worker?.terminate()
  }

  async #terminate(): Promise<void> {
    this.#worker?.terminate()
    await this.#endsWithin(TERMINATE_MS)
    this.#control.close()
  }

  async #endsWithin(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms)
    })
    await Promise.race([this.ended, over])
    clearTimeout(timer)
  }
}

/** @throws Error where no thread can be had: no descriptors, no memory */
function makeWorker({ name, entry, maxHeapMb, maxYoungHeapMb }: ThreadOptions, control: MessagePort): Worker {
  return new Worker(entry, {
    name,
    workerData: control,
    transferList: [control],
    // What was preloaded into this process (a test runner's hooks, say) is not for the actors.
    execArgv: process.execArgv.filter((flag) => PROFILING.test(flag)),
    resourceLimits: {
      maxYoungGenerationSizeMb: maxYoungHeapMb ?? HEAP.maxYoungGenerationSizeMb,
      maxOldGenerationSizeMb: maxHeapMb ?? HEAP.maxOldGenerationSizeMb,
    },
  })
}

/** Settles when the thread has ended, with the error that ended it or its exit code. */
function endOf(worker: Worker): Promise<string> {
  return new Promise((resolve) => {
    let failure: string | undefined
    worker.on('error', (error: unknown) => {
      failure = textOf(error)
    })
    worker.on('exit', (code) => resolve(failure ?? `exit code ${code}`))
  })
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}

/** Its rejection may come before anybody waits for it. */
function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {}
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  promise.catch(() => {})
  return { promise, resolve, reject }
}
