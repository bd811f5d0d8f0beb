// The scalar rules of PROTOCOL §1, each as one zod schema. Its messages lack the field's name, which `describeIssue` puts
// in front.

import { z } from 'zod'
import { invalid } from './errors.js'
import { exceedsChars, LEASE_TTL_SEC, MAX_NAME_CHARS, MAX_PATH_CHARS, QUERY_LIMIT } from './limits.js'
import { type Bounds, REQUEST_NUMBERS } from './numbers.js'

const mustBe = (what: string) => ({
  error: (issue: { input?: unknown }) => (issue.input === undefined ? 'is required' : `must be ${what}`),
})

const isNumber = (value: unknown) => typeof value === 'number' || typeof value === 'bigint'

/** A number becomes its text, null becomes absent. */
const asText = (value: unknown) => (value === null ? undefined : isNumber(value) ? String(value) : value)

const asTrimmedText = (value: unknown) => {
  const text = asText(value)
  return typeof text === 'string' ? text.trim() : text
}

const emptyAsAbsent = (value: unknown) => (value === '' || value === null ? undefined : value)

/** A BigInt becomes a number: the field's bounds then refuse it. */
const asPlainNumber = (value: unknown) => {
  const given = emptyAsAbsent(value)
  return typeof given === 'bigint' ? Number(given) : given
}

const asInteger = (value: unknown) => {
  const given = asPlainNumber(value)
  return typeof given === 'string' && /^[0-9]+$/.test(given) ? Number(given) : given
}

const asNumber = (value: unknown) => {
  const given = asPlainNumber(value)
  return typeof given === 'string' && /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)$/.test(given) ? Number(given) : given
}

/** A string that names something: not empty, bounded, and without NUL, which some databases can't store. */
const nameUpTo = (max: number) =>
  z
    .string(mustBe('a string'))
    .min(1, 'must not be empty')
    .refine((text) => !exceedsChars(text, max), `must be at most ${max} characters`)
    .refine((text) => !text.includes('\0'), 'must not hold a NUL character')

const required = (max: number) => z.preprocess(asTrimmedText, nameUpTo(max))
const optional = (max: number) =>
  z.preprocess((value) => emptyAsAbsent(asTrimmedText(value)), nameUpTo(max).optional())

/** A required string that names something: trimmed, not empty. */
export const name = required(MAX_NAME_CHARS)
/** A required name that may be as long as a path. */
export const path = required(MAX_PATH_CHARS)

/** An optional string that names something: trimmed; empty reads as absent. */
export const optionalName = optional(MAX_NAME_CHARS)
/** An optional name that may be as long as a path. */
export const optionalPath = optional(MAX_PATH_CHARS)
/** An optional description beside a path. */
export const description = optional(MAX_PATH_CHARS)

/** Names between commas, each once. No name at all reads as absent. */
export const nameList = z.preprocess((value) => {
  if (typeof value !== 'string') return value ?? undefined
  const names = new Set(value.split(',').map((part) => part.trim()))
  names.delete('')
  return names.size > 0 ? [...names] : undefined
}, z.array(name).optional())

/** Required free text: converted, not trimmed, not empty. */
export const requiredText = z.preprocess(asText, z.string(mustBe('a string')).min(1, 'is required'))

/** Text as it is; empty reads as absent. */
export const optionalText = z.preprocess(emptyAsAbsent, z.string(mustBe('a string')).optional())

/** Free text: converted, not trimmed. */
export const freeText = z.preprocess(asText, z.string(mustBe('a string')).optional())

/** Names the bound that an integer exceeds. All other values are no integer. */
const mustBeInteger = ({ min, max }: Bounds) => ({
  error: (issue: { input?: unknown }) => {
    if (issue.input === undefined) return 'is required'
    if (!Number.isInteger(issue.input)) return 'must be an integer'
    return (issue.input as number) < min ? `must be ${min} or more` : `must be at most ${max}`
  },
})

const integerWithin = (bounds: Bounds) => {
  const wording = mustBeInteger(bounds)
  return z.int(wording).min(bounds.min, wording).max(bounds.max, wording)
}

export const integer = (bounds: Bounds) => z.preprocess(asInteger, integerWithin(bounds))
export const optionalInteger = (bounds: Bounds) => z.preprocess(asInteger, integerWithin(bounds).optional())

export const integerOr = (bounds: Bounds, fallback: number) =>
  z.preprocess((value) => asInteger(value) ?? fallback, integerWithin(bounds))

/** A boolean of a query: `true`, `1` and `yes` in any case are true, all else is false. In a body, JSON booleans too. */
export const flag = z.preprocess(
  (value) => value === true || (typeof value !== 'object' && /^(true|1|yes)$/i.test(String(value))),
  z.boolean(),
)

/** A flag that is left out unless it is true. */
export const optionalFlag = z.preprocess(
  (value) => flag.parse(value) || undefined,
  z.literal(true).optional(),
)

/** A point in time, RFC 3339 with any offset. Its output is the text as given. */
export const timestamp = z.preprocess(
  asTrimmedText,
  z.iso.datetime({ offset: true, ...mustBe('a time such as 2026-01-02T03:04:05Z') }),
)

/** A JSON object of the client's own, stored unchanged. */
export const jsonObject = z.preprocess(
  (value) => value ?? {},
  z.custom<Record<string, unknown>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'must be an object',
  ),
)

export const sinceId = z.preprocess((value) => asInteger(value) ?? 0, integerWithin(REQUEST_NUMBERS.since_id))

/** Rows of a listing, capped at the maximum. */
export const limit = z.preprocess(
  (value) => asInteger(value) ?? QUERY_LIMIT.default,
  integerWithin({ ...REQUEST_NUMBERS.limit, max: Number.MAX_SAFE_INTEGER }).transform((rows) =>
    Math.min(rows, REQUEST_NUMBERS.limit.max),
  ),
)

/** Rows of a page, capped at the maximum. Absent: the whole listing. */
export const optionalLimit = z.preprocess(
  asInteger,
  integerWithin({ ...REQUEST_NUMBERS.limit, max: Number.MAX_SAFE_INTEGER })
    .transform((rows) => Math.min(rows, REQUEST_NUMBERS.limit.max))
    .optional(),
)

/** Seconds to wait, clamped to the bounds. */
export const pollTimeout = z.preprocess(
  (value) => asNumber(value) ?? 0,
  z
    .number(mustBe('a number of seconds'))
    .transform((sec) => Math.min(Math.max(sec, REQUEST_NUMBERS.timeout.min), REQUEST_NUMBERS.timeout.max)),
)

export const number = ({ min, max }: Bounds, fallback: number) =>
  z.preprocess(
    (value) => asNumber(value) ?? fallback,
    z
      .number(mustBe('a number'))
      .refine((given) => given >= min && given <= max, `must be between ${min} and ${max}`),
  )

/** The seconds that a lease lives, with a default. */
export const leaseTtlOr = (fallback: number) =>
  z.preprocess((value) => asInteger(value) ?? fallback, integerWithin(REQUEST_NUMBERS.ttl_sec))
export const leaseTtl = leaseTtlOr(LEASE_TTL_SEC.default)

/** Validates `input`. @throws ArcError 400 that names the field and the fault */
export function parse<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw invalid(issue ? describeIssue(issue) : 'invalid request')
}

function describeIssue(issue: { path: PropertyKey[]; message: string }): string {
  return [issue.path.join('.'), issue.message].filter(Boolean).join(' ')
}
