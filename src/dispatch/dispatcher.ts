// Where both doors meet: takes a request apart from how it came, and sees to its answer.
//
// One POST: plan → storage → answer (`pending-command.ts`). One long-poll: plan → recent messages, else storage, else parked
// until the feed brings one (`polls.ts`). Reads are tried again while the storage actor is away for a moment.

import { type Answer, failureOf, success } from '../protocol/envelope.js'
import { ArcError, invalid, notFound } from '../protocol/errors.js'
import { CHANGE_TOPICS } from '../protocol/kinds.js'
import type { Limits } from '../protocol/limits.js'
import type { Waiting } from '../protocol/objects.js'
import type {
  FeedMessage,
  MessageFilter,
  Outcome,
  Page,
  PageQuery,
  Query,
  StorageFacts,
  Submission,
} from '../storage/commands.js'
import { Changes } from './changes.js'
import { type HubProcess, hubInfo, hubStatus } from './hub-info.js'
import { Submitting, type SubmittingOptions } from './pending-command.js'
import { Polls } from './polls.js'
import type { Plan, Routes } from './routes.js'

/** A request as it came through a door. */
export interface DoorRequest {
  readonly method: string
  /** Path with query. */
  readonly target: string
  readonly body: Record<string, unknown>
  /** Set for a request that may be repeated without a second effect (PROTOCOL §9). */
  readonly idempotency?:
    | { readonly scope: string; readonly key: string; readonly bytes: string | Buffer }
    | undefined
  /** With `idempotency`: give the stored answer if there is one, but execute nothing. */
  readonly replayOnly?: boolean | undefined
  /** Called when the request begins to wait for a message. */
  readonly parked?: (() => void) | undefined
  readonly abandonment: Abandonment
  /** Called once; not for a stream, which `follow` returns. */
  answer(answer: Answer): void
}

/** Whether anybody still waits for the answer. */
export interface Abandonment {
  readonly happened: boolean
  /** Calls back when it happens, unless it has before; one callback at a time. */
  on(callback: () => void): void
  off(callback: () => void): void
}

/** Who has submitted a command; told once, by one of the two. */
export interface Submitter {
  replied(outcome: Outcome): void
  failed(error: ArcError): void
}

/** What the dispatcher needs of the storage actor. Every method fails with a retryable ArcError while it is away. */
export interface StorageAccess {
  submit(submission: Submission, submitter: Submitter): void
  query(query: Query): Promise<Answer>
  page(query: PageQuery): Promise<Page>
  status(): Promise<Answer>
  touch(agentIds: readonly string[]): void
  /** Begins the feed again, after an id. */
  subscribe(afterId: number): void
  /** Ends the feed until it is begun again. */
  unsubscribe(): void
  /** Settles when the storage is there again, or after `timeoutMs`. */
  present(timeoutMs: number): Promise<void>
}

export interface DispatcherOptions {
  readonly limits: Limits
  readonly storage: StorageAccess
  readonly process: HubProcess
  readonly presenceTtlSec: number
  readonly instanceId: string
  /** Told of what should not have happened: a request that failed for no reason of its own. */
  readonly onDefect: (error: unknown, request: DoorRequest) => void
}

/** How long a request waits for a storage actor that is being restarted. */
const STORAGE_WAIT_MS = 5_000
/** Rows that a stream is handed at once: what a reader that stops reading may hold back. */
const STREAM_BATCH = 64
/** A stream's heartbeat (PROTOCOL §4). */
const STREAM_BEAT_MS = 15_000

type Read = Exclude<Plan, { kind: 'poll' | 'command' | 'network' }>
type Work = Submitting | Extract<Plan, { kind: 'poll' }> | Read
type Batches = AsyncGenerator<readonly string[], void>

/** An agent's feed. */
export interface Stream {
  /** Messages as JSON texts; an empty batch says that none came for 15 s. */
  readonly batches: Batches
  /** Set for a reader that asked for it. */
  readonly changes: Changes | undefined
}

export class Dispatcher {
  readonly #options: DispatcherOptions
  #routes: Routes | undefined
  readonly #polls: Polls
  readonly #commands: SubmittingOptions
  #facts: StorageFacts | undefined
  /** What changes besides messages, for whoever shows it. */
  readonly changes = new Changes()
  #openStreams = 0

  constructor(options: DispatcherOptions) {
    this.#options = options
    const { storage, presenceTtlSec } = options
    this.#polls = new Polls({
      page: (query) => this.#patiently(() => storage.page(query)),
      touch: (agentIds) => storage.touch(agentIds),
      subscribe: (afterId) => storage.subscribe(afterId),
      unsubscribe: () => storage.unsubscribe(),
      refusal: (error, request) => this.#refusal(error, request),
      presenceTtlSec,
    })
    this.#commands = {
      submit: (submission, submitter) => storage.submit(submission, submitter),
      back: (error, startedAt) => this.#back(error, startedAt),
      refusal: (error, request) => this.#refusal(error, request),
    }
  }

  /**
   * Loads what requests are validated by: most of what a door has to load. So a hub is up before it, and then
   * loads it, or when the first request asks for it.
   */
  async loadRoutes(): Promise<Routes> {
    const { Routes } = await import('./routes.js')
    this.#routes ??= new Routes(this.#options.limits)
    return this.#routes
  }

  /** The id after which the feed goes on; null before the first connection to the storage. */
  get cursor(): number | null {
    return this.#facts ? this.#polls.latestId : null
  }

  get instanceId(): string {
    return this.#options.instanceId
  }

  /** The storage is connected, for the first time or again. */
  connected(facts: StorageFacts): void {
    this.#polls.connected(facts.latestId)
    this.changes.note(CHANGE_TOPICS) // the storage's last life may have ended before it could tell
    this.#facts = facts
  }

  published(messages: readonly FeedMessage[]): void {
    this.#polls.published(messages)
  }

  /** Messages up to `latestId` were committed that did not come by. */
  skipped(latestId: number): void {
    this.#polls.skipped(latestId)
  }

  networkChanged(allowRemote: boolean): void {
    if (this.#facts) this.#facts = { ...this.#facts, allowRemote }
  }

  /** Who waits for messages at this door. */
  get waiting(): Waiting {
    return {
      waiting_polls: this.#polls.waiting,
      waiting_agents: this.#polls.agents(),
      open_streams: this.#openStreams,
    }
  }

  /** Tells the storage which agents are blocked in a long-poll here: they are alive. */
  reportAlive(): void {
    this.#polls.reportAlive()
  }

  /** Answers everyone who waits with what there is, and from now on lets nobody wait. */
  end(): void {
    this.#polls.end()
  }

  /** Answers a request, now or later. A refusal is an answer. */
  dispatch(request: DoorRequest): void {
    if (this.#routes) this.#answer(this.#routes, request)
    else
      this.loadRoutes().then(
        (routes) => this.#answer(routes, request),
        (error) => this.#refuse(error, request),
      )
  }

  #answer(routes: Routes, request: DoorRequest): void {
    let work: Work
    try {
      work = this.#workOf(routes.plan(request.method, request.target, request.body), request)
    } catch (error) {
      this.#refuse(error, request)
      return
    }
    if (work instanceof Submitting) work.send()
    else if (work.kind === 'poll') this.#polls.answer(work.poll, request)
    else
      this.#read(work).then(
        (answer) => request.answer(answer),
        (error) => this.#refuse(error, request),
      )
  }

  /** @throws ArcError 400 for a command with a malformed key */
  #workOf(plan: Plan, request: DoorRequest): Work {
    if (plan.kind === 'command') return new Submitting(this.#commands, plan.submission, request)
    if (plan.kind !== 'network') return plan
    const input = { allow_remote: plan.allowRemote, listen_host: this.#options.process.host }
    return new Submitting(this.#commands, { command: { op: 'network.set', input } }, request)
  }

  #refuse(error: unknown, request: DoorRequest): void {
    request.answer(this.#refusal(error, request))
  }

  #refusal(error: unknown, request: DoorRequest): Answer {
    if (!(error instanceof ArcError)) this.#options.onDefect(error, request)
    return failureOf(error)
  }

  /**
   * An agent's feed after an id: what is stored, then what is committed, without gap or repeat. Ends when the
   * request is abandoned, the door closes, or the storage stays away. An answer instead of a stream
   * refuses it; never rejects.
   */
  async follow(request: DoorRequest, afterId?: number): Promise<Stream | Answer> {
    try {
      const routes = this.#routes ?? (await this.loadRoutes())
      const plan = routes.plan(request.method, request.target, request.body)
      if (plan.kind !== 'stream') throw notFound(`${request.target} is not a stream`)
      const { filter, sinceId } = plan
      const first = await this.#look(filter, afterId ?? sinceId, 0, request)
      const changes = plan.changes ? this.changes : undefined
      return { batches: this.#batches(filter, first, request), changes }
    } catch (error) {
      return this.#refusal(error, request)
    }
  }

  /** Rejects with an ArcError when the request is refused. */
  async #read(plan: Read): Promise<Answer> {
    switch (plan.kind) {
      case 'query':
        return this.#patiently(() => this.#options.storage.query(plan.query))
      case 'hub-info':
        return this.#patiently(async () => success(200, hubInfo(this.#presentFacts(), this.#options)))
      case 'status':
        return this.#patiently(async () => {
          const stored = await this.#options.storage.status()
          return success(200, hubStatus(this.#presentFacts(), this.#options.process, stored))
        })
      case 'stream':
        throw invalid('a stream needs a connection: use HTTP, or long-poll GET /v1/events')
      case 'page':
        throw new ArcError('not_found', 'the page is for browsers: open it over HTTP')
    }
  }

  /** Facts of the storage. @throws ArcError `unavailable` before it was ever there */
  #presentFacts(): StorageFacts {
    if (!this.#facts) throw new ArcError('unavailable', 'the storage is starting; try again')
    return this.#facts
  }

  /** Reads, and reads again while the storage is away. */
  async #patiently<T>(work: () => Promise<T>): Promise<T> {
    const startedAt = Date.now()
    for (;;) {
      try {
        return await work()
      } catch (error) {
        const back = this.#back(error, startedAt)
        if (!back) throw error
        await back
      }
    }
  }

  /** Waits for a storage actor that did not answer because it is away; undefined when there is nothing to wait for. */
  #back(error: unknown, startedAt: number): Promise<void> | undefined {
    const isAway =
      error instanceof ArcError && (error.code === 'unavailable' || error.code === 'outcome_unknown')
    const leftMs = startedAt + STORAGE_WAIT_MS - Date.now()
    if (!isAway || leftMs <= 0 || this.#polls.ended) return undefined
    return this.#options.storage.present(leftMs)
  }

  async *#batches(filter: MessageFilter, first: Page, request: DoorRequest): Batches {
    let rows = first
    this.#openStreams++
    try {
      if (first.items.length > 0) yield first.items
      while (!this.#polls.ended && !request.abandonment.happened) {
        if (filter.agentId !== undefined) this.#options.storage.touch([filter.agentId])
        rows = await this.#look(filter, rows.upToId, STREAM_BEAT_MS, request)
        yield rows.items
      }
    } catch (error) {
      this.#refusal(error, request)
    } finally {
      this.#openStreams--
    }
  }

  /** A stream's next rows. A look that does not wait also finds out whether the channels exist. */
  #look(filter: MessageFilter, sinceId: number, timeoutMs: number, request: DoorRequest): Promise<Page> {
    const poll = { filter, sinceId, limit: STREAM_BATCH, tail: false, timeoutMs, touches: undefined }
    return this.#polls.rows(poll, request)
  }
}
