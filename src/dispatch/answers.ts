// What the storage says, as the answer that a client gets: a status, and the JSON text of the envelope (PROTOCOL §1).

import { type Answer, failure, successText } from '../protocol/envelope.js'
import { ArcError } from '../protocol/errors.js'
import { type Done, isRefused, type Outcome } from '../storage/outcome.js'

export function answerOf(outcome: Outcome): Answer {
  if (typeof outcome === 'string') return successText(201, outcome)
  const answer = isRefused(outcome)
    ? failure(new ArcError(outcome.code, outcome.error))
    : answerOfDone(outcome)
  return outcome.isReplayed ? { ...answer, replayed: true } : answer
}

export function answerOfDone({ result, isNew, beside }: Done): Answer {
  return successText(isNew ? 201 : 200, result, beside)
}
