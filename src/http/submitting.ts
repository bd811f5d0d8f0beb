// A command that a request has led to, on its way to the storage and back: one object, which answers the request itself. While
// the storage actor is away, a command that may be repeated waits a moment for it and is sent again; any other one is
// refused, since nobody could tell whether it had happened.

import { answerOf, type Outcome, type Submission } from '../protocol/commands.js'
import type { Answer } from '../protocol/envelope.js'
import { ArcError } from '../protocol/errors.js'
import type { DoorRequest, StorageAccess, Submitter } from './dispatcher.js'

/** How long a request waits for a storage actor that is being restarted. */
export const STORAGE_WAIT_MS = 5_000

export interface SubmittingOptions {
  readonly storage: Pick<StorageAccess, 'submit' | 'present'>
  /** The door closes: nobody waits for the storage any more. */
  readonly ended: () => boolean
  readonly refusal: (error: unknown, request: DoorRequest) => Answer
}

export class Submitting implements Submitter {
  readonly #options: SubmittingOptions
  readonly #submission: Submission
  readonly #request: DoorRequest
  /** Epoch milliseconds; 0 for a command that must not be sent twice. */
  readonly #giveUpAt: number

  constructor(options: SubmittingOptions, submission: Submission, request: DoorRequest) {
    this.#options = options
    this.#submission = submission
    this.#request = request
    const mayRepeat = submission.idempotency !== undefined || request.method === 'GET'
    this.#giveUpAt = mayRepeat ? Date.now() + STORAGE_WAIT_MS : 0
  }

  send(): void {
    this.#options.storage.submit(this.#submission, this)
  }

  replied(outcome: Outcome): void {
    this.#request.answer(answerOf(outcome))
  }

  failed(error: ArcError): void {
    const { storage, ended, refusal } = this.#options
    const leftMs = this.#giveUpAt - Date.now()
    if (isAway(error) && leftMs > 0 && !ended()) storage.present(leftMs).then(() => this.send())
    else this.#request.answer(refusal(error, this.#request))
  }
}

/** The storage actor did not answer because it is away. */
export function isAway(error: unknown): boolean {
  return error instanceof ArcError && (error.code === 'unavailable' || error.code === 'outcome_unknown')
}
