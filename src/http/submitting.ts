// A command that a request has led to, on its way to the storage and back: one object, which answers the request itself. While
// the storage actor is away, a command that may be repeated is sent again when it is back; any other one is
// refused, since nobody could tell whether it had happened.

import { answerOf, type Outcome, type Submission } from '../protocol/commands.js'
import type { Answer } from '../protocol/envelope.js'
import type { ArcError } from '../protocol/errors.js'
import type { DoorRequest, StorageAccess, Submitter } from './dispatcher.js'

export interface SubmittingOptions {
  readonly submit: StorageAccess['submit']
  /** Settles when trying again makes sense; undefined when it does not. */
  readonly back: (error: unknown, startedAt: number) => Promise<void> | undefined
  readonly refusal: (error: unknown, request: DoorRequest) => Answer
}

export class Submitting implements Submitter {
  readonly #options: SubmittingOptions
  readonly #submission: Submission
  readonly #request: DoorRequest
  readonly #startedAt = Date.now()

  constructor(options: SubmittingOptions, submission: Submission, request: DoorRequest) {
    this.#options = options
    this.#submission = submission
    this.#request = request
  }

  send(): void {
    this.#options.submit(this.#submission, this)
  }

  replied(outcome: Outcome): void {
    this.#request.answer(answerOf(outcome))
  }

  failed(error: ArcError): void {
    const mayRepeat = this.#submission.idempotency !== undefined || this.#request.method === 'GET'
    const back = mayRepeat ? this.#options.back(error, this.#startedAt) : undefined
    if (back) back.then(() => this.send())
    else this.#request.answer(this.#options.refusal(error, this.#request))
  }
}
