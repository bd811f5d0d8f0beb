// A command that a request has led to, on its way to the storage and back: one object, which answers the request itself. While
// the storage actor is away, a command that may be repeated is sent again when it is back; any other one is
// refused, since nobody could tell whether it had happened.

import { hash } from 'node:crypto'
import type { Answer } from '../protocol/envelope.js'
import { type ArcError, invalid } from '../protocol/errors.js'
import { answerOf, type Outcome, type Submission } from '../storage/commands.js'
import type { DoorRequest, StorageAccess, Submitter } from './dispatcher.js'

const IDEMPOTENCY_KEY = /^[A-Za-z0-9_-]{1,128}$/

export interface SubmittingOptions {
  readonly submit: StorageAccess['submit']
  /** Settles when trying again makes sense; undefined when it does not. */
  readonly back: (error: unknown, startedAt: number) => Promise<void> | undefined
  readonly refusal: (error: unknown, request: DoorRequest) => Answer
}

export class Submitting implements Submission, Submitter {
  readonly command: Submission['command']
  readonly touches: Submission['touches']
  readonly idempotency: Submission['idempotency']
  readonly #options: SubmittingOptions
  readonly #request: DoorRequest
  readonly #startedAt = Date.now()

  /** @throws ArcError 400 for a malformed idempotency key */
  constructor(
    options: SubmittingOptions,
    { command, touches }: Omit<Submission, 'idempotency'>,
    request: DoorRequest,
  ) {
    this.command = command
    this.touches = touches
    this.idempotency = keyOf(request)
    this.#options = options
    this.#request = request
  }

  send(): void {
    this.#options.submit(this, this)
  }

  replied(outcome: Outcome): void {
    this.#request.answer(answerOf(outcome))
  }

  failed(error: ArcError): void {
    const mayRepeat = this.idempotency !== undefined || this.#request.method === 'GET'
    const back = mayRepeat ? this.#options.back(error, this.#startedAt) : undefined
    if (back) void back.then(() => this.send())
    else this.#request.answer(this.#options.refusal(error, this.#request))
  }
}

/** What makes a request one that may be repeated. @throws ArcError 400 for a malformed key */
function keyOf({ method, target, idempotency, replayOnly }: DoorRequest): Submission['idempotency'] {
  if (!idempotency || method === 'GET') return undefined
  const { scope, key, bytes } = idempotency
  if (!IDEMPOTENCY_KEY.test(key)) {
    throw invalid('Idempotency-Key must be 1 to 128 characters of A-Z, a-z, 0-9, _ and -')
  }
  const requestHash = hash('sha256', `${method} ${target}\n${bytes}`, 'base64url')
  return { scope, key, requestHash, replayOnly }
}
