// JSON that comes in from outside, made such that no reader is surprised by it; and JSON that goes out again as it came.
//
// What is read here holds whole characters only (half of a pair becomes U+FFFD), at most so many levels, and whole numbers
// beyond 2^53 as BigInts, so that names made of them differ and `jsonText` writes every digit back (PROTOCOL §1).
//
// A text pays for that by two searches for an escape and one look at each value; the rest is for texts that need it. Light:
// the SDK loads it.

import { invalid } from './errors.js'
import { MAX_JSON_LEVELS } from './limits.js'

const BYTE_ORDER_MARK = 0xfeff
/** No blank of JSON comes after it. */
const BLANK = 0x20
/** What ends a literal: blanks, a comma, a bracket, the end of the text. */
const ENDS = new Set([...' \t\n\r,]}'].map((end) => end.charCodeAt(0))).add(Number.NaN)
/** Of escapes: a backslash's own, a high half of a pair with the low one if it follows, a low half alone. */
const HALVES =
  /\\(?:\\|u[dD][89abAB][\da-fA-F]{2}(?:\\u[dD][c-fC-F][\da-fA-F]{2})?|u[dD][c-fC-F][\da-fA-F]{2})/g
const ONE_HALF = '\\ud83d'.length

/**
 * The value of a text from outside. `what` is the text's name in refusals; `around` are levels that are not the client's own.
 * @throws ArcError 400 that says what is wrong with it
 */
export function readJson(text: string, what: string, around = 0): unknown {
  const json = wellFormed(withoutMark(text))
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    if (isWide(text)) throw invalid(`${what} must be UTF-8; it is UTF-16`)
    throw invalid(`${what} must be valid JSON: ${(error as Error).message}`)
  }
  const found = survey(value, MAX_JSON_LEVELS + around)
  if (found === PLAIN) return value
  if (found === LARGE_NUMBERS) return new ExactReader(json, what).value()
  throw invalid(`${what} nests lists and objects more than ${MAX_JSON_LEVELS} levels deep`)
}

/** The value of a text that is stored, with whole numbers beyond 2^53 as BigInts. @throws SyntaxError */
export function parseExact(text: string): unknown {
  const value: unknown = JSON.parse(text)
  return survey(value, MAX_JSON_LEVELS) === LARGE_NUMBERS ? new ExactReader(text).value() : value
}

/** The value as JSON, BigInts by their digits. @throws TypeError, RangeError for what JSON can't hold */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return exactText(value) ?? 'null'
  }
}

/** JSON text without halves of pairs: written as escapes, as bytes of UTF-8 can't hold any. */
export function wellFormed(json: string): string {
  if (!json.includes('\\ud') && !json.includes('\\uD')) return json
  return json.replace(HALVES, (escaped) => (escaped.length === ONE_HALF ? '\\ufffd' : escaped))
}

/** Some editors and shells put one before every text that they write. */
export function withoutMark(text: string): string {
  return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text
}

/** Text in two bytes a character, read as UTF-8. */
function isWide(text: string): boolean {
  return text.charCodeAt(0) === 0 || text.charCodeAt(1) === 0
}

/** What is found, in the order of what counts more. */
const PLAIN = 0
const LARGE_NUMBERS = 1
const TOO_DEEP = 2

/** Looks at every value. A number beyond 2^53 may not be the one that was written. */
function survey(value: unknown, levels: number): number {
  if (typeof value === 'number') return Math.abs(value) > Number.MAX_SAFE_INTEGER ? LARGE_NUMBERS : PLAIN
  if (typeof value !== 'object' || value === null) return PLAIN
  if (levels === 0) return TOO_DEEP
  let found = PLAIN
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length && found !== TOO_DEEP; i++)
      found = Math.max(found, survey(value[i], levels - 1))
  } else {
    const members = value as Readonly<Record<string, unknown>>
    for (const name in members) {
      found = Math.max(found, survey(members[name], levels - 1))
      if (found === TOO_DEEP) break
    }
  }
  return found
}

const PLAIN_MEMBER = { writable: true, enumerable: true, configurable: true } as const

/** Reads a text that `JSON.parse` has taken and `survey` has found to be shallow, number by number. */
class ExactReader {
  readonly #json: string
  readonly #what: string | undefined
  #at = 0

  /** `what` is the text's name in refusals; without one nothing is refused. */
  constructor(json: string, what?: string) {
    this.#json = json
    this.#what = what
  }

  /** The value at this place. @throws ArcError 400 for a number that nobody can hold */
  value(): unknown {
    switch (this.#next()) {
      case '{':
        return this.#object()
      case '[':
        return this.#list()
      case '"':
        return this.#string()
      default:
        return this.#literal()
    }
  }

  /** The character that follows blanks. */
  #next(): string {
    while (this.#json.charCodeAt(this.#at) <= BLANK) this.#at++
    return this.#json[this.#at] as string
  }

  /** Steps over what stands between members; false at the end of them. */
  #hasMore(end: string): boolean {
    const next = this.#next()
    if (next !== end && next !== ',') return true
    this.#at++
    if (next === ',') this.#next()
    return next !== end
  }

  #object(): object {
    const object: Record<string, unknown> = {}
    this.#at++
    while (this.#hasMore('}')) {
      const name = this.#string()
      this.#next()
      this.#at++ // the colon
      const value = this.value()
      // To assign it would set the object's prototype.
      if (name === '__proto__') Object.defineProperty(object, name, { ...PLAIN_MEMBER, value })
      else object[name] = value
    }
    return object
  }

  #list(): unknown[] {
    const list: unknown[] = []
    this.#at++
    while (this.#hasMore(']')) list.push(this.value())
    return list
  }

  #string(): string {
    const start = this.#at
    let end = start
    let isEscaped = true
    while (isEscaped) {
      end = this.#json.indexOf('"', end + 1)
      let backslashes = 0
      while (this.#json[end - 1 - backslashes] === '\\') backslashes++
      isEscaped = backslashes % 2 === 1
    }
    this.#at = end + 1
    return JSON.parse(this.#json.slice(start, this.#at)) as string
  }

  /** A number, true, false or null. */
  #literal(): unknown {
    const start = this.#at
    while (!ENDS.has(this.#json.charCodeAt(this.#at))) this.#at++
    const text = this.#json.slice(start, this.#at)
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'number' || Math.abs(value) <= Number.MAX_SAFE_INTEGER) return value
    if (Number.isFinite(value)) return /^-?\d+$/.test(text) ? BigInt(text) : value
    if (this.#what === undefined) return value
    const shown = text.length > 24 ? `${text.slice(0, 20)}…` : text
    throw invalid(`${this.#what} holds the number ${shown}, too large to be read as one: give it as a string`)
  }
}

/** As `JSON.stringify`, for values that hold BigInts. */
function exactText(value: unknown, levels = 2 * MAX_JSON_LEVELS): string | undefined {
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (levels === 0) throw new RangeError('it is nested too deeply, or in itself')
  if ('toJSON' in value && typeof value.toJSON === 'function') return exactText(value.toJSON(), levels - 1)
  if (Array.isArray(value)) return `[${value.map((item) => exactText(item, levels - 1) ?? 'null').join()}]`
  const members = Object.entries(value).flatMap(([name, member]) => {
    const text = exactText(member, levels - 1)
    return text === undefined ? [] : [`${JSON.stringify(name)}:${text}`]
  })
  return `{${members.join()}}`
}
