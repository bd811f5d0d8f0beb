// The dispatcher of a door: it takes a request of any kind of door, and answers it.
//
// One POST: plan (`routes.ts`) → storage → answer (`pending-command.ts`). One long-poll: plan → recent messages, else storage,
// else parked until the feed brings a message (`listings.ts`). A door pulls a stream's batches (`streams.ts`). Reads are
// retried while the storage actor restarts (`patience.ts`).

import { type Answer, failureOf, success } from '../protocol/envelope.js'
import { ArcError, notFound, pageIsForBrowsers, streamNeedsConnection } from '../protocol/errors.js'
import { CHANGE_TOPICS, type ChangeTopic } from '../protocol/kinds.js'
import type { Limits } from '../protocol/limits.js'
import type { Waiting } from '../protocol/objects.js'
import type { StorageClient } from '../storage/client.js'
import { type FeedMessage, loopGuardOf, type StorageFacts } from '../storage/commands.js'
import { Acquisition, Acquisitions } from './acquisitions.js'
import { answerOfDone } from './answers.js'
import { Changes } from './changes.js'
import { Hooks } from './hooks.js'
import { type HubProcess, hubInfo, hubStatus } from './hub-info.js'
import { KeepAlive } from './keep-alive.js'
import { Listings } from './listings.js'
import { Offers } from './offers.js'
import { Patience } from './patience.js'
import { PendingCommand, type PendingCommandOptions } from './pending-command.js'
import type { ListingPlan, Plan } from './plans.js'
import type { DoorRequest } from './request.js'
import type { Routes } from './routes.js'
import { type Stream, Streams } from './streams.js'
import { Wakes } from './wakes.js'

export interface DispatcherOptions {
  readonly limits: Limits
  readonly storage: StorageClient
  readonly hubProcess: HubProcess
  readonly presenceTtlSec: number
  readonly instanceId: string
  /** Called with a defect: an error for which the request is not to blame. */
  readonly onDefect: (error: unknown, request: DoorRequest) => void
}

/** The work of a valid request. */
type Work = PendingCommand | Acquisition | ListingPlan | Read
/** What a promise answers. */
type Read = Exclude<Plan, { kind: 'listing' | 'command' | 'acquire' }>

export class Dispatcher {
  /** Hints at changes besides messages, for streams. */
  readonly changes = new Changes()
  readonly #options: DispatcherOptions
  readonly #patience: Patience
  readonly #alive: KeepAlive
  readonly #listings: Listings
  readonly #offers: Offers
  readonly #wakes: Wakes
  readonly #hooks: Hooks
  readonly #acquisitions: Acquisitions
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
    this.#offers = new Offers({ storage, patience, listings: this.#listings })
    this.#wakes = new Wakes({ storage, patience, listings: this.#listings })
    this.#hooks = new Hooks({ storage, patience, guard: loopGuardOf(options.limits) })
    this.#acquisitions = new Acquisitions({ storage, patience, refusal, onParked })
    const { changes } = this
    this.#streams = new Streams({ storage, listings: this.#listings, changes, refusal, onOpened: onParked })
    this.#commands = { storage, patience, refusal }
  }

  /**
   * Loads the routes with their schemas, most of a door's code. A hub loads them after it is up, or for the first request
   * that comes earlier.
   */
  async loadRoutes(): Promise<Routes> {
    const { Routes } = await import('./routes.js')
    const { limits, hubProcess } = this.#options
    this.#routes ??= new Routes({ limits, listenHost: hubProcess.host })
    return this.#routes
  }

  /** The id after which the feed continues; null if this door has had no reader. */
  get cursor(): number | null {
    return this.#listings.cursor
  }

  get instanceId(): string {
    return this.#options.instanceId
  }

  /** Called when the storage is connected, for the first time or again. */
  connected(facts: StorageFacts): void {
    this.#listings.connected(facts.latestId)
    this.changes.note(CHANGE_TOPICS) // the former storage actor may have died before it sent its hints
    this.#facts = facts
  }

  /** Called with hints at changes besides messages. */
  changed(topics: readonly ChangeTopic[]): void {
    this.changes.note(topics)
    this.#acquisitions.changed(topics)
  }

  published(messages: readonly FeedMessage[]): void {
    this.#listings.published(messages)
  }

  /** Called when messages up to `latestId` were committed that the feed does not send. */
  skipped(latestId: number): void {
    this.#listings.skipped(latestId)
  }

  networkChanged(allowRemote: boolean): void {
    if (this.#facts) this.#facts = { ...this.#facts, allowRemote }
  }

  /** The long-polls and streams at this door, and their agents. */
  get waiting(): Waiting {
    return {
      waiting_polls: this.#listings.parked + this.#acquisitions.parked,
      waiting_agents: this.#waitingAgents(),
      open_streams: this.#streams.size,
    }
  }

  /** Called when the storage takes calls, for the first time or again: it hears who waits here. */
  resumed(): void {
    this.#alive.report()
    this.#acquisitions.resumed()
  }

  #waitingAgents(): string[] {
    const waiting = [this.#listings, this.#streams, this.#acquisitions].flatMap((each) => each.agents())
    return [...new Set(waiting)]
  }

  /** Answers all parked requests, and parks no more. */
  end(): void {
    this.#patience.end()
    this.#listings.end()
    this.#acquisitions.end()
    this.#alive.end()
  }

  /** Answers a request, now or later. A refusal is an answer, too. */
  dispatch(request: DoorRequest): void {
    if (this.#routes) this.#answer(this.#routes, request)
    else
      this.loadRoutes().then(
        (routes) => this.#answer(routes, request),
        (error) => this.#refuse(error, request),
      )
  }

  /**
   * An agent's feed after `afterId`, or after the id in the request. It resolves with an answer if the stream is refused, and
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

  /** The methods of a path; none before the routes are loaded. */
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
    if (work instanceof PendingCommand || work instanceof Acquisition) work.send()
    else if (work.kind === 'listing') this.#listings.answer(work.listing, request)
    else
      this.#read(work, request).then(
        (answer) => request.answer(answer),
        (error) => this.#refuse(error, request),
      )
  }

  /** @throws ArcError 400 for a command with a malformed key */
  #workOf(plan: Plan, request: DoorRequest): Work {
    if (plan.kind === 'acquire') return new Acquisition(this.#acquisitions, plan, request)
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
  async #read(plan: Read, request: DoorRequest): Promise<Answer> {
    const { storage, hubProcess } = this.#options
    switch (plan.kind) {
      case 'query':
        if (plan.touches !== undefined) storage.touch([plan.touches])
        return answerOfDone(await this.#patience.read(() => storage.query(plan.query)))
      case 'offer':
        return this.#offers.answer(plan, request)
      case 'wake':
        return this.#wakes.answer(plan, request)
      case 'hook':
        return this.#hooks.answer(plan, request)
      case 'hub-info':
        return this.#patience.read(async () => success(200, hubInfo(this.#presentFacts(), this.#options)))
      case 'status':
        return this.#patience.read(async () => {
          const stored = await storage.status()
          return hubStatus(this.#presentFacts(), hubProcess, stored)
        })
      case 'stream':
        throw streamNeedsConnection()
      case 'page':
        throw pageIsForBrowsers()
    }
  }

  /** The storage's facts. @throws ArcError `unavailable` before the storage was first connected */
  #presentFacts(): StorageFacts {
    if (!this.#facts) throw new ArcError('unavailable', 'the storage is starting; try again')
    return this.#facts
  }
}

/** @throws ArcError as `Routes.plan` does, and 400 for a malformed body */
function planOf(routes: Routes, request: DoorRequest): Plan {
  return routes.plan(request.method, request.target, request.parseBody())
}
