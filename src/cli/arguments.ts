// Checks the values of options, which citty hands over as text. An error names the option and what it takes.

import { HOST_RULE, listenHost } from '../protocol/address.js'
import { ArcError } from '../protocol/errors.js'
import { MAX_WAIT_SEC } from '../protocol/numbers.js'

/** The shortest wait of a timer. */
const MIN_WAIT_SEC = 0.001

/** A mistake on the command line. The command line adds where its help is, and ends with 2. */
export class UsageError extends ArcError {
  constructor(text: string) {
    super('invalid_request', text)
  }
}

export const usageError = (text: string): UsageError => new UsageError(text)

export function text(value: unknown, option: string): string | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value.trim() === '') throw usageError(`--${option} needs a value`)
  return value
}

export function requiredText(value: unknown, option: string): string {
  const given = text(value, option)
  if (given === undefined) throw usageError(`--${option} is required`)
  return given
}

/** @throws ArcError if it is missing or empty */
/** The id of a message or task. */
export function messageId(given: string, name: string): number {
  if (!/^[0-9]{1,15}$/.test(given))
    throw usageError(`${name} must be the number of a message, not "${given}"`)
  return Number(given)
}

/** A whole number from `min` to `max`. */
export function wholeNumber(value: unknown, option: string, min: number, max: number): number | undefined {
  const given = text(value, option)
  if (given === undefined) return undefined
  const parsed = Number(given)
  if (!/^[0-9]+$/.test(given) || parsed < min || parsed > max) {
    throw usageError(`--${option} must be a whole number from ${min} to ${max}`)
  }
  return parsed
}

/** Seconds, decimals allowed; at most the longest wait of a timer. */
export function seconds(value: unknown, option: string): number | undefined {
  const given = text(value, option)
  if (given === undefined) return undefined
  const parsed = Number(given)
  if (!/^[0-9]+(\.[0-9]+)?$/.test(given) || parsed > MAX_WAIT_SEC) {
    throw usageError(`--${option} must be a number of seconds such as 5 or 0.5, at most ${MAX_WAIT_SEC}`)
  }
  return parsed
}

/** Seconds, decimals allowed, a millisecond or more. */
export function positiveSeconds(value: unknown, option: string): number | undefined {
  const given = seconds(value, option)
  if (given !== undefined && given < MIN_WAIT_SEC)
    throw usageError(`--${option} must be more than 0 seconds: ${MIN_WAIT_SEC} or more`)
  return given
}

/** An address to listen on, as the hub takes it. */
export function host(value: unknown, option: string): string | undefined {
  const given = text(value, option)
  if (given === undefined) return undefined
  const taken = listenHost(given)
  if (taken === undefined) throw usageError(`--${option} ${HOST_RULE}`)
  return taken
}

export function oneOf<T extends string>(
  value: unknown,
  option: string,
  allowed: readonly T[],
): T | undefined {
  const given = text(value, option)
  if (given === undefined) return undefined
  const found = allowed.find((candidate) => candidate === given)
  if (found === undefined) throw usageError(`--${option} must be one of ${allowed.join(', ')}`)
  return found
}

export function requiredOneOf<T extends string>(value: unknown, option: string, allowed: readonly T[]): T {
  return oneOf(requiredText(value, option), option, allowed) as T
}
