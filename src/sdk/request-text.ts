// Writes a request's JSON text, and names in its path. It repairs or refuses a value that a hub could not read.

import { ArcError } from '../protocol/errors.js'
import { jsonText, wellFormed } from '../protocol/json.js'

/** JSON without halves of characters; BigInts by their digits. @throws ArcError `invalid_request` for what JSON can't hold */
export function requestText(value: object): string {
  try {
    return wellFormed(jsonText(value))
  } catch (error) {
    const text = `the request can't be written as JSON: ${(error as Error).message}`
    throw new ArcError('invalid_request', text, { cause: error })
  }
}

/** A name as a part of a path. */
export function pathPart(name: string): string {
  return encodeURIComponent(name.toWellFormed())
}
