// One actor's thread, as its supervisor sees it.
//
//   loading ─boot─▶ starting ─ready─▶ running ─▶ ended
//      └───────────────┴─ failed, too late, or told to fail ─▶ ended
//
// Guarantees: an error of the thread's creation or start rejects `boot`, and reaches nobody else. A thread that can't be
// created counts as ended. `end` returns in bounded time, even if the thread hangs.

import { fileURLToPath } from 'node:url'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { ArcError } from '../../protocol/errors.js'
import type { ActorBoot, ActorContract, SupervisorContract } from './actor.js'
import { type Handlers, Link } from './link.js'

/**
 * MiB for young objects. By default the young generation of each thread grows to 48 and never shrinks. 6 are as fast for most
 * threads. A thread uses them up after some thousand requests, and its memory is level from then on.
 */
const HEAP = { maxYoungGenerationSizeMb: 6, maxOldGenerationSizeMb: 512 } as const

/** Node's flags that actors inherit. A flag whose value is a separate argument is not among them. */
const PROFILING = /^--((cpu|heap)-prof(-[a-z]+=.*)?|enable-source-maps)$/

/** Milliseconds for a booted thread to exit by itself; then it is terminated. */
const EXIT_MS = 500
/** Milliseconds for a termination. A thread that blocks outside JavaScript, on a dead disk say, can't be ended: it stays. */
const TERMINATE_MS = 2_000

export interface ThreadOptions {
  readonly name: string
  /** The compiled module that calls `runActor`. */
  readonly entry: URL
  /** The heap's cap in MiB: an out-of-memory error ends this actor alone. */
  readonly maxHeapMb?: number
  /** MiB for young objects, default 6. An actor with many requests in progress copies them less often with more. */
  readonly maxYoungHeapMb?: number
}

export class ActorThread {
  /** Resolves with the reason when the thread has ended. */
  readonly ended: Promise<string>
  readonly #name: string
  readonly #worker: Worker | undefined
  readonly #control: Link<ActorContract, SupervisorContract>
  readonly #ready = deferred<unknown>()
  #isBooted = false

  /** Starts a thread, which loads its modules and waits for `boot`. */
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
   * Starts the actor in the thread. Resolves with the actor's info when it is ready.
   * @throws ArcError why it can't be started; the caller must then end the thread
   */
  async boot(boot: ActorBoot, timeoutMs: number): Promise<unknown> {
    const timer = setTimeout(() => this.fail(`was not ready within ${timeoutMs} ms`), timeoutMs)
    try {
      this.#isBooted = true
      const ports = boot.peers.map(({ port }) => port)
      this.#control.cast('boot', boot, ports)
      this.#control.flush() // a configuration that can't be sent is a failed start, not an error in a later turn
      return await this.#ready.promise
    } finally {
      clearTimeout(timer)
    }
  }

  /** Fails the start, unless it is over. */
  fail(why: string, code: 'start_failed' | 'peer_lost' = 'start_failed'): void {
    this.#ready.reject(new ArcError(code, `${this.#name} ${why}`))
  }

  /** Introduces a peer that has started. */
  introduce(peer: string, port: MessagePort): void {
    this.#control.cast('introduce', { peer, port }, [port])
  }

  /** Asks the actor to end in order, then ends the thread. @throws ArcError if the actor did not end within `timeoutMs` */
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
   * Ends the thread without asking the actor. A booted thread is first told to exit, which it does between two events: a
   * thread that speaks HTTP must not end within one, since Node aborts the process if its parser is in use.
   */
  async end(): Promise<void> {
    if (this.#isBooted) await this.exit()
    await this.#terminate()
  }

  /** Tells the thread to exit, and waits for a moment. */
  async exit(): Promise<void> {
    this.#control.cast('exit', undefined)
    this.#control.flush()
    await this.#endsWithin(EXIT_MS)
  }

  /** Ends the thread wherever it is, like a crash. */
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

/** Whether V8's code cache is kept of it, as of the program's files. Options of Node change what V8 compiles. */
function isCached(entry: URL): boolean {
  return entry.pathname.endsWith('.cjs') && process.execArgv.length === 0
}

/** @throws Error if no thread can be created: no descriptors, no memory */
function makeWorker({ name, entry, maxHeapMb, maxYoungHeapMb }: ThreadOptions, control: MessagePort): Worker {
  return new Worker(isCached(entry) ? new URL('./thread.cjs', entry) : entry, {
    name,
    argv: [fileURLToPath(entry)],
    workerData: control,
    transferList: [control],
    // The actors must not load this process's preloads (a test runner's hooks, say).
    execArgv: process.execArgv.filter((flag) => PROFILING.test(flag)),
    resourceLimits: {
      maxYoungGenerationSizeMb: maxYoungHeapMb ?? HEAP.maxYoungGenerationSizeMb,
      maxOldGenerationSizeMb: maxHeapMb ?? HEAP.maxOldGenerationSizeMb,
    },
  })
}

/** Resolves when the thread has ended, with its error or its exit code. */
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

/** A promise that may reject before anybody waits for it. */
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
