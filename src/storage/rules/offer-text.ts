// The text of an offer (PROTOCOL §18). It holds as many messages as fit into the reader's characters, in id order. The last
// one may be cut. What does not fit is left for the next offer.

import { beginning } from '../../cut.js'
import type { Offer } from '../../protocol/objects.js'
import { messageJson } from './message-json.js'
import type { OfferedRow } from './statements.js'

/** A message is cut only if so many characters of it fit. */
const LEAST_CUT = 200

/** What fits into one answer. */
export interface Portion {
  readonly messages: readonly OfferedRow[]
  readonly ambient: readonly OfferedRow[]
  /** Nothing was left out. */
  readonly isWhole: boolean
}

interface OfferParts extends Omit<Portion, 'isWhole'> {
  readonly offerId: string
  readonly left: Offer['left']
}

/** The first messages that fit, at least one. Addressed messages come first. */
export function portionOf(found: Omit<Portion, 'isWhole'>, maxChars: number): Portion {
  const messages = fitting(found.messages, maxChars, LEAST_CUT)
  const isFull = messages.rows.length < found.messages.length
  const ambient = isFull
    ? { rows: [] }
    : fitting(found.ambient, messages.left, messages.rows.length > 0 ? LEAST_CUT : 0)
  const isWhole = !isFull && ambient.rows.length === found.ambient.length
  return { messages: messages.rows, ambient: ambient.rows, isWhole }
}

export function offerText({ offerId, messages, ambient, left }: OfferParts): string {
  const lists = `"messages":[${messages.map(textOf).join()}],"ambient":[${ambient.map(textOf).join()}]`
  return `{"offer_id":${JSON.stringify(offerId)},${lists},"left":${JSON.stringify(left)}}`
}

function textOf(row: OfferedRow): string {
  const cut = row.isCut ? ',"cut":true' : ''
  return `${messageJson(row).slice(0, -1)},"offers":${row.offers}${cut}}`
}

/** The first rows that fit. A row that does not fit is cut if `leastCut` characters are left for it, or if it is the first. */
function fitting(
  rows: readonly OfferedRow[],
  maxChars: number,
  leastCut: number,
): { rows: OfferedRow[]; left: number } {
  const fit: OfferedRow[] = []
  let left = maxChars
  for (const row of rows) {
    const chars = charsOf(row)
    if (chars <= left) fit.push(row)
    else if (left >= leastCut) fit.push(cutTo(row, left))
    if (chars > left) return { rows: fit, left: 0 }
    left -= chars
  }
  return { rows: fit, left }
}

function charsOf({ body, attachments_json }: OfferedRow): number {
  return (
    (body?.length ?? 0) +
    (attachments_json === null || attachments_json === '[]' ? 0 : attachments_json.length)
  )
}

/** Attachments are left out whole: a part of one is of no use. */
function cutTo(row: OfferedRow, maxChars: number): OfferedRow {
  return { ...row, body: beginning(row.body ?? '', maxChars), attachments_json: '[]', isCut: true }
}
