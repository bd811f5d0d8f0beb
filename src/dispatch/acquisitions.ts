// Requests that wait in a line for a lease (PROTOCOL §19). The line is in the storage (`storage/rules/waits.ts`), since
// several hubs may share it. This door renews the places of its requests, and asks again when one may be granted.
//
//     ask ──▶ storage ──granted, or no time left──▶ answer
//      ▲         │ it has a place in the line
//      │         ▼
//      └──── PARKED ──deadline──▶ ask for the last time
//     look:      │
//     its turn   └──abandoned, or the door closes──▶ answer: not acquired
//
// The door looks when leases change, when a holder's time passes, and at each renewal. A look is one read for all parked
// requests. A place that no door renews lapses after some seconds, so a door or a hub that died blocks nobody.

import type { Caller } from '../actors/runtime/link.js'
import type { Answer } from '../protocol/envelope.js'
import type { ArcError } from '../protocol/errors.js'
import type { ChangeTopic } from '../protocol/kinds.js'
import type { StorageClient } from '../storage/client.js'
import type { Prospects, Submission, Wait } from '../storage/commands.js'
import { type Done, isRefused, type Outcome } from '../storage/outcome.js'
import { answerOf } from './answers.js'
import type { Patience } from './patience.js'
import { keyOf } from './pending-command.js'
import type { AcquirePlan } from './plans.js'
import type { DoorRequest } from './request.js'

/** Milliseconds between two renewals of the places in line. */
const RENEW_MS = 1_000
/** The shortest pause before a look that no change has asked for. */
const LEAST_PAUSE_MS = 10
const TOPICS: ReadonlySet<ChangeTopic> = new Set(['claims', 'locks', 'tasks'])

export interface AcquisitionsOptions {
  readonly storage: Pick<StorageClient, 'submit' | 'query'>
  readonly patience: Patience
  readonly refusal: (error: unknown, request: DoorRequest) => Answer
  /** Called whenever a request is parked. */
  readonly onParked: () => void
}

export class Acquisitions {
  readonly options: AcquisitionsOptions
  readonly #parked = new Set<Acquisition>()
  #renewal: NodeJS.Timeout | undefined
  #timer: NodeJS.Timeout | undefined
  #isLooking = false
  #mustLookAgain = false
  #ended = false

  constructor(options: AcquisitionsOptions) {
    this.options = options
  }

  get parked(): number {
    return this.#parked.size
  }

  get ended(): boolean {
    return this.#ended
  }

  /** The agents of the parked requests. */
  agents(): string[] {
    return [...this.#parked].map(({ agentId }) => agentId)
  }

  /** Called with hints at changes. */
  changed(topics: readonly ChangeTopic[]): void {
    if (this.#parked.size > 0 && topics.some((topic) => TOPICS.has(topic))) this.#look()
  }

  /** Called when the storage is back: every request says that it still waits before one of them asks again. */
  resumed(): void {
    if (this.#parked.size > 0) this.#renew()
  }

  park(acquisition: Acquisition): void {
    this.#parked.add(acquisition)
    this.#renewal ??= setInterval(() => this.#renew(), RENEW_MS)
    this.options.onParked()
  }

  /** Takes a request out of the parked ones, because it asks again. */
  take(acquisition: Acquisition): void {
    this.#parked.delete(acquisition)
    if (this.#parked.size === 0) this.#rest()
  }

  /** Takes a request out that waits no longer. */
  leave(acquisition: Acquisition): void {
    this.take(acquisition)
    if (![...this.#parked].some(({ place }) => place === acquisition.place))
      this.#endWaits([acquisition.place])
  }

  /** Answers all parked requests, and parks no more. */
  end(): void {
    this.#ended = true
    const parked = [...this.#parked]
    if (parked.length === 0) return
    this.#parked.clear()
    this.#rest()
    this.#endWaits(parked.map(({ place }) => place))
    for (const acquisition of parked) acquisition.giveUp()
  }

  #rest(): void {
    clearInterval(this.#renewal)
    clearTimeout(this.#timer)
    this.#renewal = undefined
  }

  /** If the storage is away, the places lapse by themselves. */
  #endWaits(places: readonly number[]): void {
    const command = { op: 'waits.end', input: { places } } as const
    this.options.storage.submit({ command }, { replied: () => {}, failed: () => {} })
  }

  #places(): number[] {
    return [...new Set([...this.#parked].map(({ place }) => place))]
  }

  #renew(): void {
    const command = { op: 'waits.renew', input: { places: this.#places() } } as const
    const caller: Caller<Outcome> = {
      replied: (outcome) => {
        if (typeof outcome === 'object' && !isRefused(outcome)) this.#seen(outcome)
      },
      failed: () => {}, // the next renewal tries again
    }
    this.options.storage.submit({ command }, caller)
  }

  #look(): void {
    if (this.#isLooking) {
      this.#mustLookAgain = true
      return
    }
    this.#isLooking = true
    const looked = this.options.storage.query({ op: 'waits.look', input: { places: this.#places() } })
    looked
      .then(
        (found) => this.#seen(found),
        () => {}, // the next renewal looks again
      )
      .finally(() => {
        this.#isLooking = false
        const again = this.#mustLookAgain && this.#parked.size > 0
        this.#mustLookAgain = false
        if (again) this.#look()
      })
  }

  #seen({ result }: Done): void {
    const { ready, nextInMs } = JSON.parse(result) as Prospects
    const places = new Set(ready)
    for (const acquisition of [...this.#parked]) {
      if (places.has(acquisition.place)) acquisition.ask()
    }
    clearTimeout(this.#timer)
    if (nextInMs === null || nextInMs > RENEW_MS || this.#parked.size === 0) return
    this.#timer = setTimeout(() => this.#look(), Math.max(nextInMs, LEAST_PAUSE_MS))
  }
}

export class Acquisition implements Caller<Outcome> {
  readonly agentId: string
  /** In the line; the storage gives it. */
  place = 0
  readonly #all: Acquisitions
  readonly #command: AcquirePlan['command']
  readonly #idempotency: Submission['idempotency']
  readonly #request: DoorRequest
  readonly #deadline: number
  #askedAt = performance.now()
  #timer: NodeJS.Timeout | undefined
  /** What the storage said when it gave the place. */
  #refusal: Outcome | undefined

  /** @throws ArcError 400 for a malformed idempotency key */
  constructor(all: Acquisitions, { command, touches, timeoutMs }: AcquirePlan, request: DoorRequest) {
    this.agentId = touches
    this.#all = all
    this.#command = command
    this.#idempotency = keyOf(request)
    this.#request = request
    this.#deadline = performance.now() + timeoutMs
  }

  readonly ask = (): void => {
    clearTimeout(this.#timer)
    this.#request.abandonment.off(this.#abandoned)
    this.#all.take(this)
    this.#askedAt = performance.now()
    this.send()
  }

  send(): void {
    const isOver = this.#isOver()
    if (isOver && this.#refusal !== undefined) {
      this.#abandoned()
      return
    }
    const wait: Wait = isOver || this.#deadline <= performance.now() ? 'last' : 'join'
    const command = { ...this.#command, input: { ...this.#command.input, wait } } as AcquirePlan['command']
    this.#all.options.storage.submit({ command, touches: this.agentId, idempotency: this.#idempotency }, this)
  }

  replied(outcome: Outcome): void {
    if (typeof outcome === 'string' || isRefused(outcome) || outcome.place === undefined) {
      this.#request.answer(answerOf(outcome))
      return
    }
    this.place = outcome.place
    this.#refusal = outcome
    const leftMs = this.#deadline - performance.now()
    if (leftMs <= 0) this.ask()
    else if (this.#isOver()) this.#abandoned()
    else {
      this.#request.parked?.()
      this.#timer = setTimeout(this.ask, leftMs)
      this.#all.park(this)
      this.#request.abandonment.on(this.#abandoned)
    }
  }

  /**
   * The same agent may acquire a lease twice, so a request without a key is repeated as well. A second task would be one too
   * many: such a request is repeated only if it was never sent.
   */
  failed(error: ArcError): void {
    const { patience, refusal } = this.#all.options
    const isHarmless = this.#command.op !== 'task.next' || error.code === 'unavailable'
    const mayRepeat = this.#idempotency !== undefined || isHarmless
    const back = mayRepeat ? patience.storageBack(error, this.#askedAt) : undefined
    if (back) void back.then(() => this.send())
    else this.#request.answer(refusal(error, this.#request))
  }

  /** Nobody waits for the answer any more, or the door closes. */
  #isOver(): boolean {
    return this.#all.ended || this.#request.abandonment.happened
  }

  giveUp(): void {
    clearTimeout(this.#timer)
    this.#request.abandonment.off(this.#abandoned)
    this.#request.answer(answerOf(this.#refusal as Outcome))
  }

  readonly #abandoned = (): void => {
    this.#all.leave(this)
    this.giveUp()
  }
}
