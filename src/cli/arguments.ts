// Command-line values: what citty hands over as text, checked, with a clear error for what does not fit.

import type { ArgsDef } from 'citty'
import { HOST_RULE, listenHost } from '../actors/address.js'
import { ArcError } from '../protocol/errors.js'
import { MAX_WAIT_SEC } from '../protocol/numbers.js'

/** What a timer tells from at once. */
const MIN_WAIT_SEC = 0.001

export const usageError = (text: string): ArcError =>
  new ArcError('invalid_request', `${text}; see arc --help`)

/** @throws ArcError for an option that the command does not have, or a value that none takes */
export function checkKnown(
  given: Record<string, unknown>,
  known: ArgsDef,
  positionals: readonly string[],
): void {
  const names = new Set(Object.keys(known).flatMap((name) => [name, camelCase(name)]))
  for (const name of Object.keys(given)) {
    if (name !== '_' && !names.has(name)) throw usageError(`unknown option --${name}`)
  }
  const taken = Object.values(known).filter((definition) => definition.type === 'positional').length
  const surplus = positionals[taken]
  if (surplus !== undefined)
    throw usageError(`unexpected argument "${surplus}"; put a text with spaces in quotes`)
}

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

/** Seconds, decimals allowed; at most what a timer can wait for. */
export function seconds(value: unknown, option: string): number | undefined {
  const given = text(value, option)
  if (given === undefined) return undefined
  const parsed = Number(given)
  if (!/^[0-9]+(\.[0-9]+)?$/.test(given) || parsed > MAX_WAIT_SEC) {
    throw usageError(`--${option} must be a number of seconds, at most ${MAX_WAIT_SEC}`)
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

/** An option that may be given several times or as a list with commas. citty keeps only the last one. */
export function list(rawArgs: readonly string[], option: string): string[] {
  return rawArgs
    .flatMap((argument, i) => {
      if (argument === `--${option}`) return [rawArgs[i + 1] ?? '']
      return argument.startsWith(`--${option}=`) ? [argument.slice(option.length + 3)] : []
    })
    .flatMap((value) => value.split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '')
}

function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
