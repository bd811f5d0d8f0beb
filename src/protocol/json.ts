// Reads JSON from outside so that it surprises no later reader, and writes it back with every digit (PROTOCOL §1).
//
// `readJson` guarantees whole characters (half of a surrogate pair becomes U+FFFD) and at most `MAX_JSON_LEVELS` levels.
// It reads integers beyond 2^53 as BigInts, so that names made of them differ and `jsonText` writes every digit.
//
// Each text costs two searches for an escape and one look at each value; only texts that need more pay more. The SDK loads
// this file, so it imports little.

import { invalid } from './errors.js'
import { MAX_JSON_LEVELS } from './limits.js'

const BYTE_ORDER_MARK = 0xfeff
/** JSON has no blank above this code. */
const BLANK = 0x20
/** The characters that end a literal: blanks, a comma, a bracket, and NaN for the end of the text. */
const ENDS = new Set([...' \t\n\r,]}'].map((end) => end.charCodeAt(0))).add(Number.NaN)
/** Finds an escaped backslash, a high half of a surrogate pair with the low half if it follows, a low half alone. */
const HALVES =
  /\\(?:\\|u[dD][89abAB][\da-fA-F]{2}(?:\\u[dD][c-fC-F][\da-fA-F]{2})?|u[dD][c-fC-F][\da-fA-F]{2})/g
const ONE_HALF = '\\ud83d'.length

/**
 * The value of a text from outside. `what` is the text's name in refusals. `around` is the number of levels that the
 * client did not add.
 * @throws ArcError 400 that says what is wrong with the text
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

/** The value of a stored text, with integers beyond 2^53 as BigInts. @throws SyntaxError */
export function parseExact(text: string): unknown {
  const value: unknown = JSON.parse(text)
  return survey(value, MAX_JSON_LEVELS) === LARGE_NUMBERS ? new ExactReader(text).value() : value
}

/** The value as JSON, BigInts by their digits. @throws TypeError, RangeError for a value that JSON can't hold */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return exactText(value) ?? 'null'
  }
}

/** JSON text without halves of surrogate pairs. They can only be escapes, since UTF-8 can't hold them. */
export function wellFormed(json: string): string {
  if (!json.includes('\\ud') && !json.includes('\\uD')) return json
  return json.replace(HALVES, (escaped) => (escaped.length === ONE_HALF ? '\\ufffd' : escaped))
}

/** The text without a byte order mark, which some editors and shells put in front. */
export function withoutMark(text: string): string {
  return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text
}

/** Whether UTF-16 text was read as UTF-8. */
function isWide(text: string): boolean {
  return text.charCodeAt(0) === 0 || text.charCodeAt(1) === 0
}

/** What `survey` finds, in rising order of weight. */
const PLAIN = 0
const LARGE_NUMBERS = 1
const TOO_DEEP = 2

/** Looks at every value. A number beyond 2^53 may differ from the one in the text. */
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

/** Reads the numbers of a text exactly. `JSON.parse` has accepted the text, and `survey` has found it shallow. */
class ExactReader {
  readonly #json: string
  readonly #what: string | undefined
  #at = 0

  /** `what` is the text's name in refusals. Without it the reader refuses nothing. */
  constructor(json: string, what?: string) {
    this.#json = json
    this.#what = what
  }

  /** The value at this place. @throws ArcError 400 for a number that is too large for any reader */
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

  /** Steps over the characters between members. False after the last member. */
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
      // An assignment would set the object's prototype.
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

/** Like `JSON.stringify`, for values with BigInts. */
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
