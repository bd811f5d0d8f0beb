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

/** A name as a part of a path. With `what` it may not be empty. @throws ArcError `invalid_request` that begins with `what` */
export function pathPart(name: string, what?: string): string {
  const given = what === undefined ? name : checkedName(what, name)
  return encodeURIComponent(given.toWellFormed())
}

/** @throws ArcError `invalid_request` if it is no string, or blank */
export function checkedName(what: string, name: string): string {
  if (typeof name !== 'string') throw new ArcError('invalid_request', `${what} must be a string`)
  if (name.trim() === '') throw new ArcError('invalid_request', `${what} must not be empty`)
  return name
}
