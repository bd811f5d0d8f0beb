// How much one answer may hold. It is read, written out and sent as a whole, and rows are as large as whoever has stored
// them liked: 70 of the largest messages, asked for at once, were more than the storage's thread may use.

import { ArcError } from '../../protocol/errors.js'
import type { Rows } from './sql.js'

/** Characters in the rows of a page; what does not fit is on the next one. */
const PAGE_CHARS = 16 * 1024 * 1024
/** Characters in the rows of a listing without pages. */
const LISTING_CHARS = 64 * 1024 * 1024

/** The first rows, as many as fit, and one in any case; not `isWhole` when there are more. */
export function firstOf<Row extends object>(rows: Iterable<Row>, maxChars = PAGE_CHARS): Rows<Row> {
  const fitting: Row[] = []
  let chars = 0
  for (const row of rows) {
    chars += charsOf(row)
    if (chars > maxChars && fitting.length > 0) return { rows: fitting, isWhole: false }
    fitting.push(row)
  }
  return { rows: fitting, isWhole: true }
}

/** All rows. @throws ArcError `answer_too_large` */
export function allOf<Row extends object>(rows: Iterable<Row>): Row[] {
  const { rows: fitting, isWhole } = firstOf(rows, LISTING_CHARS)
  if (isWhole) return fitting
  const text = `the answer would have more than ${LISTING_CHARS} characters; narrow it by the filters of this listing, or read messages in pages: GET /v1/events with since_id`
  throw new ArcError('answer_too_large', text)
}

function charsOf(row: object): number {
  let chars = 0
  for (const value of Object.values(row)) if (typeof value === 'string') chars += value.length
  return chars
}
