// The size of one answer. An answer is read and sent as a whole, and agents decide how large rows are: 70 of the largest
// messages in one answer exceed the memory of the storage's thread.

import { ArcError } from '../../protocol/errors.js'
import type { Rows } from './sql.js'

/** Characters of a page's rows. The other rows are on the next page. */
const PAGE_CHARS = 16 * 1024 * 1024
/** Characters of the rows of a listing without pages. */
const LISTING_CHARS = 64 * 1024 * 1024

/** The first rows that fit, at least one. `isWhole` is false if there are more. */
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
