// Turns the storage's outcome into an answer: a status and the JSON text of the envelope (PROTOCOL §1).

import { type Answer, failure, successList, successText } from '../protocol/envelope.js'
import { ArcError } from '../protocol/errors.js'
import type { Page } from '../storage/commands.js'
import { type Done, isRefused, type Outcome } from '../storage/outcome.js'

export function answerOf(outcome: Outcome): Answer {
  if (typeof outcome === 'string') return successText(201, outcome)
  const answer = isRefused(outcome)
    ? failure(new ArcError(outcome.code, outcome.error, { beside: outcome.beside }))
    : answerOfDone(outcome)
  return outcome.isReplayed ? { ...answer, replayed: true } : answer
}

export function answerOfDone({ result, isNew, beside }: Done): Answer {
  return successText(isNew ? 201 : 200, result, beside)
}

/**
 * The answers to listings of messages. All waiters that one message wakes get the same text. For each of a thousand waiters
 * that saves 0.4 µs (of some 100 µs) if the message has 200 characters, and 15 µs and a copy in memory if it has 100,000.
 */
export class ListAnswers {
  /** The last answer with a single message, and that message. */
  #last: { readonly item: string; readonly answer: Answer } = { item: '', answer: successList([]) }

  of({ items, isCut }: Page): Answer {
    const [item] = items
    if (item === undefined || items.length > 1 || isCut) return successList(items, isCut)
    if (this.#last.item !== item) this.#last = { item, answer: successList(items) }
    return this.#last.answer
  }
}
