// The globs of scopes (PROTOCOL §19): parses them, and decides whether some path may match both of two. Pure.
//
// The syntax is that of picomatch and fast-glob: `*` and `?` within a segment, `**` for any number of segments, `[abc]`,
// `[^a-z]`, `{a,b}`, and `\` before a character that is meant as itself. `*` and `?` match a leading dot as well.
//
// "Do they meet" must never be "no" where a path matches both. Each glob becomes patterns without braces, a pattern
// segments, and a segment parts that match one character or, for `*`, any number. Two lists meet by the same steps at both
// levels: a part that matches any number may match nothing, or take one part of the other list.

import { exceedsChars } from './limits.js'

/** Globs of one scope. */
export const MAX_GLOBS = 100
/** Characters of one glob. */
export const MAX_GLOB_CHARS = 512
/** Characters of all globs of one scope with their braces expanded. The time of a comparison grows with their product. */
export const MAX_PATTERN_CHARS = 4_000

type Range = readonly [from: number, to: number]

/** One character of a set, or any number of characters. Code points; `isNegated`: every other character. */
type Part = { readonly ranges: readonly Range[]; readonly isNegated: boolean } | 'any number'
type Segment = readonly Part[]
/** `**` is any number of segments. */
type Pattern = readonly (Segment | 'any number')[]

/** A glob that can be compared. */
export type Glob = readonly Pattern[]

/** What is wrong with a glob, in words that follow its name; undefined if nothing is. */
export function globProblem(text: string): string | undefined {
  try {
    parseGlob(text)
    return undefined
  } catch (error) {
    if (error instanceof GlobProblem) return error.message
    throw error
  }
}

/** Whether valid globs are few enough for one scope. */
export function fitTogether(globs: readonly string[]): boolean {
  const patterns = globs.flatMap((glob) => (globProblem(glob) === undefined ? expand(glob) : []))
  return patterns.reduce((sum, pattern) => sum + pattern.length, 0) <= MAX_PATTERN_CHARS
}

class GlobProblem extends Error {}

/** @throws GlobProblem */
export function parseGlob(text: string): Glob {
  if (exceedsChars(text, MAX_GLOB_CHARS))
    throw new GlobProblem(`must be at most ${MAX_GLOB_CHARS} characters`)
  if (text.startsWith('!')) {
    throw new GlobProblem(
      'must not begin with !: name what the scope holds (\\! is a file that begins with it)',
    )
  }
  return expand(text).map(parsePattern)
}

/** A path as a glob that matches it alone. */
export function pathAsGlob(path: string): Glob {
  return [path.split('/').map((segment) => [...segment].map(literal))]
}

/** Whether some path may match both. */
export function globsMeet(a: Glob, b: Glob): boolean {
  return a.some((one) => b.some((other) => meets(one, other, segmentsMeet, () => false)))
}

// Braces

/** The alternatives of a glob, without braces. @throws GlobProblem */
function expand(text: string): string[] {
  const found: string[] = []
  const open = [text]
  let chars = 0
  while (open.length > 0) {
    const next = open.pop() as string
    const braces = firstBraces(next)
    if (braces) {
      const { before, alternatives, after } = braces
      for (const alternative of alternatives.reverse()) open.push(`${before}${alternative}${after}`)
    } else found.push(next)
    chars += next.length
    if (chars > MAX_PATTERN_CHARS) {
      throw new GlobProblem(
        `stands for too much: its braces expand to more than ${MAX_PATTERN_CHARS} characters`,
      )
    }
  }
  return found
}

/** The first braces with a comma. Other braces mean themselves. */
function firstBraces(text: string): { before: string; alternatives: string[]; after: string } | undefined {
  for (let start = 0; start < text.length; start++) {
    const char = text[start]
    if (char === '\\') start++
    else if (char === '[') start = endOfClass(text, start)
    else if (char === '{') {
      const commas: number[] = []
      const end = endOfBraces(text, start, commas)
      const inside = text.slice(start + 1, end)
      if (inside.includes('..'))
        throw new GlobProblem('must not hold .. within braces, as in {1..3}: name each')
      if (commas.length === 0) continue
      const edges = [start, ...commas, end]
      const alternatives = edges.slice(1).map((edge, i) => text.slice((edges[i] as number) + 1, edge))
      return { before: text.slice(0, start), alternatives, after: text.slice(end + 1) }
    }
  }
  return undefined
}

function endOfBraces(text: string, start: number, commas: number[]): number {
  let depth = 0
  for (let i = start; i < text.length; i++) {
    const char = text[i]
    if (char === '\\') i++
    else if (char === '[') i = endOfClass(text, i)
    else if (char === '{') depth++
    else if (char === '}' && --depth === 0) return i
    else if (char === ',' && depth === 1) commas.push(i)
  }
  throw new GlobProblem('has a { without its }: write \\{ for the character')
}

/** The index of a class's `]`. A `]` that comes first is a member. */
function endOfClass(text: string, start: number): number {
  const first = start + (text[start + 1] === '^' ? 2 : 1)
  const end = text.indexOf(']', first + 1)
  if (end === -1 || text.slice(start, end).includes('/')) {
    throw new GlobProblem('has a [ without its ]: write \\[ for the character')
  }
  return end
}

// Segments

function parsePattern(text: string): Pattern {
  const segments = text.split('/')
  const inside = segments.slice(segments[0] === '' ? 1 : 0)
  if (text === '' || inside.includes(''))
    throw new GlobProblem('must not be empty, end with /, or hold //: all of a folder is folder/**')
  if (inside.some((segment) => segment === '.' || segment === '..'))
    throw new GlobProblem('must not hold the segments . and ..: name the path from the root of the project')
  return segments.map((segment) => (segment === '**' ? 'any number' : parseSegment(segment)))
}

function parseSegment(text: string): Segment {
  const chars = [...text]
  const parts: Part[] = []
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i] as string
    if ('?*+@!'.includes(char) && chars[i + 1] === '(')
      throw new GlobProblem(`must not hold ${char}(: write each alternative, or use {a,b}`)
    if (char === '\\') {
      const escaped = chars[++i]
      if (escaped === undefined) throw new GlobProblem('must not end with \\, nor hold it before /')
      parts.push(literal(escaped))
    } else if (char === '*') {
      if (chars[i + 1] === '*')
        throw new GlobProblem('must not hold ** but as a whole segment: write * or **/')
      parts.push('any number')
    } else if (char === '?') parts.push(ANY)
    else if (char === '[') {
      const end = endOfClassAt(chars, i)
      parts.push(parseClass(chars.slice(i + 1, end)))
      i = end
    } else parts.push(literal(char))
  }
  // A segment of `*` alone is at least one character.
  return parts.length === 1 && parts[0] === 'any number' ? [ANY, 'any number'] : parts
}

function endOfClassAt(chars: readonly string[], start: number): number {
  const first = start + (chars[start + 1] === '^' ? 2 : 1)
  return chars.indexOf(']', first + 1)
}

function parseClass(given: readonly string[]): Part {
  if (given[0] === '!') throw new GlobProblem('must not hold [!, which some read as a member: write [^a]')
  const isNegated = given[0] === '^'
  const members = isNegated ? given.slice(1) : given
  if (members[0] === '[' && members[1] === ':')
    throw new GlobProblem('must not hold a class such as [[:alpha:]]: write [a-z]')
  const ranges: Range[] = []
  for (let i = 0; i < members.length; i++) {
    if (members[i] === '\\' && i + 1 < members.length) i++
    const from = codeOf(members[i])
    const isRange = members[i + 1] === '-' && i + 2 < members.length
    const to = isRange ? codeOf(members[i + 2]) : from
    if (to < from)
      throw new GlobProblem(`has a range that runs backwards: ${members.slice(i, i + 3).join('')}`)
    ranges.push([from, to])
    if (isRange) i += 2
  }
  return { ranges, isNegated }
}

const codeOf = (char: string | undefined) => char?.codePointAt(0) ?? 0
const ANY: Part = { ranges: [], isNegated: true }

function literal(char: string): Part {
  return { ranges: [[codeOf(char), codeOf(char)]], isNegated: false }
}

// Do they meet

/**
 * Whether two lists of parts can match one thing. `oneMeets`: whether two single parts can. `pairMeets`: whether two single
 * parts in a row can match what one part of the other list does.
 */
function meets<P extends object>(
  a: readonly (P | 'any number')[],
  b: readonly (P | 'any number')[],
  oneMeets: (one: P, other: P) => boolean,
  pairMeets: (pair: readonly [P, P], other: P) => boolean,
): boolean {
  const width = b.length + 1
  // For each two positions, whether the rests meet; from the end.
  const rests = new Uint8Array((a.length + 1) * width)
  const restsMeet = (i: number, j: number) => rests[i * width + j] === 1
  for (let i = a.length; i >= 0; i--) {
    for (let j = b.length; j >= 0; j--) {
      rests[i * width + j] = here(i, j) ? 1 : 0
    }
  }
  return restsMeet(0, 0)

  function here(i: number, j: number): boolean {
    const [one, other] = [a[i], b[j]]
    if (one === undefined && other === undefined) return true
    if (one === 'any number' && (restsMeet(i + 1, j) || (other !== undefined && restsMeet(i, j + 1))))
      return true
    if (other === 'any number' && (restsMeet(i, j + 1) || (one !== undefined && restsMeet(i + 1, j))))
      return true
    if (!isSingle(one) || !isSingle(other)) return false
    if (restsMeet(i + 1, j + 1) && oneMeets(one, other)) return true
    const [nextOne, nextOther] = [a[i + 1], b[j + 1]]
    return (
      (isSingle(nextOne) && restsMeet(i + 2, j + 1) && pairMeets([one, nextOne], other)) ||
      (isSingle(nextOther) && restsMeet(i + 1, j + 2) && pairMeets([other, nextOther], one))
    )
  }
}

function isSingle<P extends object>(part: P | 'any number' | undefined): part is P {
  return typeof part === 'object'
}

function segmentsMeet(one: Segment, other: Segment): boolean {
  return meets(one, other, charactersMeet, ([first, second], whole) => {
    // Some readers of globs count a character beyond 16 bits as two, so `??` may match it.
    return first.isNegated && second.isNegated && !isNarrow(whole)
  })
}

type Characters = Exclude<Part, 'any number'>

function isNarrow({ ranges, isNegated }: Characters): boolean {
  return !isNegated && ranges.every(([, to]) => to <= 0xffff)
}

function charactersMeet(one: Characters, other: Characters): boolean {
  if (one.isNegated && other.isNegated) return true
  if (one.isNegated) return charactersMeet(other, one)
  if (!other.isNegated) return one.ranges.some((range) => other.ranges.some((same) => overlap(range, same)))
  return one.ranges.some((range) => !other.ranges.some((without) => within(range, without)))
}

const overlap = ([from, to]: Range, [first, last]: Range) => from <= last && first <= to
const within = ([from, to]: Range, [first, last]: Range) => first <= from && to <= last
