// Where both doors meet: takes a request apart from how it came, and sees to its answer.
//
// One POST: plan (`routes.ts`) → storage → answer (`pending-command.ts`). One long-poll: plan → recent messages, else storage,
// else parked until the feed brings one (`listings.ts`). A stream is pulled by its door (`streams.ts`). Reads are tried again
// while the storage actor is away for a moment (`patience.ts`).

import { type Answer, failureOf, success } from '../protocol/envelope.js'
import { ArcError, invalid, notFound } from '../protocol/errors.js'
import { CHANGE_TOPICS } from '../protocol/kinds.js'
import type { Limits } from '../protocol/limits.js'
import type { Waiting } from '../protocol/objects.js'
import type { StorageClient } from '../storage/client.js'
import type { FeedMessage, StorageFacts } from '../storage/commands.js'
import { answerOfDone } from './answers.js'
import { Changes } from './changes.js'
import { type HubProcess, hubInfo, hubStatus } from './hub-info.js'
import { KeepAlive } from './keep-alive.js'
import { Listings } from './listings.js'
import { Patience } from './patience.js'
import { PendingCommand, type PendingCommandOptions } from './pending-command.js'
import type { DoorRequest } from './request.js'
import type { ListingPlan, Plan, Routes } from './routes.js'
import { type Stream, Streams } from './streams.js'

export interface DispatcherOptions {
  readonly limits: Limits
  readonly storage: StorageClient
  readonly process: HubProcess
  readonly presenceTtlSec: number
  readonly instanceId: string
  /** Told of what should not have happened: a request that failed for no reason of its own. */
  readonly onDefect: (error: unknown, request: DoorRequest) => void
}

/** What a request asks for, once it is known to be allowed. */
type Work = PendingCommand | ListingPlan | Read
type Read = Exclude<Plan, { kind: 'listing' | 'command' }>

export class Dispatcher {
  /** What changes besides messages, for whoever shows it. */
  readonly changes = new Changes()
  readonly #options: DispatcherOptions
  readonly #patience: Patience
  readonly #alive: KeepAlive
  readonly #listings: Listings
  readonly #streams: Streams
  readonly #commands: PendingCommandOptions
  #routes: Routes | undefined
  #facts: StorageFacts | undefined

  constructor(options: DispatcherOptions) {
    this.#options = options
    const { storage, presenceTtlSec } = options
    const refusal = (error: unknown, request: DoorRequest) => this.#refusal(error, request)
    const patience = new Patience(storage)
    this.#patience = patience
    this.#alive = new KeepAlive({ storage, presenceTtlSec, agents: () => this.#waitingAgents() })
    const onParked = () => this.#alive.begin()
    this.#listings = new Listings({ storage, patience, refusal, onParked })
    const { changes } = this
    this.#streams = new Streams({ storage, listings: this.#listings, changes, refusal, onOpened: onParked })
    this.#commands = { storage, patience, refusal }
  }

  /**
   * Loads what requests are validated by: most of what a door has to load. So a hub is up before it, and then
   * loads it, or when the first request asks for it.
   */
  async loadRoutes(): Promise<Routes> {
    const { Routes } = await import('./routes.js')
    const { limits, process } = this.#options
    this.#routes ??= new Routes({ limits, listenHost: process.host })
    return this.#routes
  }

  /** The id after which the feed goes on; null where it has not begun, as nobody has read at this door. */
  get cursor(): number | null {
    return this.#listings.cursor
  }

  get instanceId(): string {
    return this.#options.instanceId
  }

  /** The storage is connected, for the first time or again. */
  connected(facts: StorageFacts): void {
    this.#listings.connected(facts.latestId)
    this.changes.note(CHANGE_TOPICS) // the storage's last life may have ended before it could tell
    this.#facts = facts
  }

  published(messages: readonly FeedMessage[]): void {
    this.#listings.published(messages)
  }

  /** Messages up to `latestId` were committed that did not come by. */
  skipped(latestId: number): void {
    this.#listings.skipped(latestId)
  }

  networkChanged(allowRemote: boolean): void {
    if (this.#facts) this.#facts = { ...this.#facts, allowRemote }
  }

  /** Who waits for messages at this door, in a long-poll or in a stream. */
  get waiting(): Waiting {
    return {
      waiting_polls: this.#listings.parked,
      waiting_agents: this.#waitingAgents(),
      open_streams: this.#streams.size,
    }
  }

  /** Tells the storage which agents wait here: they are alive. */
  reportAlive(): void {
    this.#alive.report()
  }

  #waitingAgents(): string[] {
    return [...new Set([...this.#listings.agents(), ...this.#streams.agents()])]
  }

  /** Answers everyone who waits with what there is, and from now on lets nobody wait. */
  end(): void {
    this.#patience.end()
    this.#listings.end()
    this.#alive.end()
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

  /**
   * An agent's feed after an id, or after the one that the request names. An answer instead of a stream refuses it;
   * never rejects.
   */
  async openStream(request: DoorRequest, afterId?: number): Promise<Stream | Answer> {
    try {
      const plan = planOf(this.#routes ?? (await this.loadRoutes()), request)
      if (plan.kind !== 'stream') throw notFound(`${request.target} is not a stream`)
      return await this.#streams.open(plan, afterId ?? plan.sinceId, request)
    } catch (error) {
      return this.#refusal(error, request)
    }
  }

  /** The methods that are served at a path, once the routes are loaded. */
  methodsAt(path: string): readonly string[] {
    return this.#routes?.methodsAt(path) ?? []
  }

  #answer(routes: Routes, request: DoorRequest): void {
    let work: Work
    try {
      work = this.#workOf(planOf(routes, request), request)
    } catch (error) {
      this.#refuse(error, request)
      return
    }
    if (work instanceof PendingCommand) work.send()
    else if (work.kind === 'listing') this.#listings.answer(work.listing, request)
    else
      this.#read(work).then(
        (answer) => request.answer(answer),
        (error) => this.#refuse(error, request),
      )
  }

  /** @throws ArcError 400 for a command with a malformed key */
  #workOf(plan: Plan, request: DoorRequest): Work {
    if (plan.kind !== 'command') return plan
    return new PendingCommand(this.#commands, plan.submission, request)
  }

  #refuse(error: unknown, request: DoorRequest): void {
    request.answer(this.#refusal(error, request))
  }

  #refusal(error: unknown, request: DoorRequest): Answer {
    if (!(error instanceof ArcError)) this.#options.onDefect(error, request)
    return failureOf(error)
  }

  /** Rejects with an ArcError when the request is refused. */
  async #read(plan: Read): Promise<Answer> {
    const { storage, process } = this.#options
    switch (plan.kind) {
      case 'query':
        if (plan.touches !== undefined) storage.touch([plan.touches])
        return answerOfDone(await this.#patience.read(() => storage.query(plan.query)))
      case 'hub-info':
        return this.#patience.read(async () => success(200, hubInfo(this.#presentFacts(), this.#options)))
      case 'status':
        return this.#patience.read(async () => {
          const stored = await storage.status()
          return hubStatus(this.#presentFacts(), process, stored)
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
}

/** @throws ArcError as `Routes.plan` does, and 400 for a malformed body */
function planOf(routes: Routes, request: DoorRequest): Plan {
  return routes.plan(request.method, request.target, request.parseBody())
}
