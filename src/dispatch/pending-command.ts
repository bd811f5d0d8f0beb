// A request's command on its way to the storage and back: one object, which answers the request itself. If the storage
// actor is away, it sends a command with an idempotency key again when the actor is back. It refuses any other command,
// since nobody could tell whether it had happened.

import { hash } from 'node:crypto'
import type { Caller } from '../actors/runtime/link.js'
import type { Answer } from '../protocol/envelope.js'
import { type ArcError, invalid } from '../protocol/errors.js'
import type { StorageClient } from '../storage/client.js'
import type { Submission } from '../storage/commands.js'
import type { Outcome } from '../storage/outcome.js'
import { answerOf } from './answers.js'
import type { Patience } from './patience.js'
import type { DoorRequest } from './request.js'

const IDEMPOTENCY_KEY = /^[A-Za-z0-9_-]{1,128}$/

export interface PendingCommandOptions {
  readonly storage: Pick<StorageClient, 'submit'>
  readonly patience: Patience
  readonly refusal: (error: unknown, request: DoorRequest) => Answer
}

export class PendingCommand implements Submission, Caller<Outcome> {
  readonly command: Submission['command']
  readonly touches: Submission['touches']
  readonly idempotency: Submission['idempotency']
  readonly #options: PendingCommandOptions
  readonly #request: DoorRequest
  readonly #startedAt = Date.now()

  /** @throws ArcError 400 for a malformed idempotency key */
  constructor(
    options: PendingCommandOptions,
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
    this.#options.storage.submit(this, this)
  }

  replied(outcome: Outcome): void {
    this.#request.answer(answerOf(outcome))
  }

  failed(error: ArcError): void {
    const { patience, refusal } = this.#options
    const mayRepeat = this.idempotency !== undefined || this.#request.method === 'GET'
    const back = mayRepeat ? patience.storageBack(error, this.#startedAt) : undefined
    if (back) void back.then(() => this.send())
    else this.#request.answer(refusal(error, this.#request))
  }
}

/** The idempotency key and hash of a request that may be repeated. @throws ArcError 400 for a malformed key */
export function keyOf({ method, target, idempotency, replayOnly }: DoorRequest): Submission['idempotency'] {
  if (!idempotency || method === 'GET') return undefined
  const { scope, key, bytes } = idempotency
  if (!IDEMPOTENCY_KEY.test(key)) {
    throw invalid('Idempotency-Key must be 1 to 128 characters of A-Z, a-z, 0-9, _ and -')
  }
  const requestHash = hash('sha256', `${method} ${target}\n${bytes}`, 'base64url')
  return { scope, key, requestHash, replayOnly }
}
