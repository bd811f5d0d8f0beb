// A hub's refusal as an error.

import { ArcError } from '../protocol/errors.js'
import type { TransportAnswer } from './transport.js'

export function refusal(answer: Pick<TransportAnswer, 'status' | 'envelope'>): ArcError {
  const { error, code } = answer.envelope
  const text =
    typeof error === 'string' && error !== '' ? error : `the hub answered with HTTP ${answer.status}`
  const { ok: _, error: __, code: ___, ...beside } = answer.envelope
  return new ArcError(typeof code === 'string' ? code : `http_${answer.status}`, text, {
    status: answer.status,
    beside: Object.keys(beside).length > 0 ? { ...beside } : undefined,
  })
}
