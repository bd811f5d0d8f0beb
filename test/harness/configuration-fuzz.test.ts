// Edits of configurations of any shape: nested, with comments anywhere, trailing commas and mixed line ends. What setup writes can be
// read, takes nothing away, is written once, and what undo leaves can be read and has all that was there.

import { isDeepStrictEqual } from 'node:util'
import { type ParseError, parse } from 'jsonc-parser'
import t from 'tap'
import { type Settings, withEdits, withoutEdits } from '../../src/harness/configuration.js'
import { FACTS, SETUP_NAMES } from '../../src/harness/places.js'
import { Random, rounds } from '../support/campaign.js'

const PROGRAM = {
  node: '/n',
  main: '/m/main.cjs',
  hook: '/h/hook.cjs',
  plugin: '/o/opencode.js',
  watch: '/w/watch.cjs',
}
const OURS = /hook\.cjs|main\.cjs/
const SPACES = ['', '', ' ', '\n', '\n  ', '\r\n\t', ' // c, "x"\n', ' /* , */ ', '\n\n    ']
const NAMES = ['a', 'b', 'x y', 'hooks', 'Stop', 'version', 'mcpServers', 'mcp', 'arc', 'zed']
const WORDS = ['"a"', '"// not"', '"{"', '"é\\""', '5', 'true', 'null']
const DEEPEST = 4

const random = new Random()
t.comment(`ARC_TEST_SEED=${random.seed}`)
const one = <T>(list: readonly T[]): T => list[random.between(0, list.length - 1)] as T
const space = () => one(SPACES)

function list(open: string, items: readonly string[], close: string): string {
  const comma = items.length > 0 && random.between(0, 5) === 0 ? ',' : ''
  return open + space() + items.map((item) => item + space()).join(`,${space()}`) + comma + space() + close
}

function value(depth: number): string {
  if (depth > DEEPEST || random.between(0, 1) === 0) return one(WORDS)
  return random.between(0, 1) === 0
    ? object(depth)
    : list(
        '[',
        times(() => value(depth + 1)),
        ']',
      )
}

function object(depth: number): string {
  const names = new Set(times(() => one(NAMES)))
  const members = [...names].map((name) => `"${name}"${space()}:${space()}${value(depth + 1)}`)
  return list('{', members, '}')
}

const times = <T>(make: () => T): T[] => Array.from({ length: random.between(0, 3) }, make)

/** The value; undefined if it can't be read. */
function read(text: string): unknown {
  const errors: ParseError[] = []
  const read: unknown = parse(text, errors, { allowTrailingComma: true })
  return errors.length === 0 ? read : undefined
}

/** Whether all of `a` is in `b`, and lists begin alike. */
function isWithin(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || a === null) return Object.is(a, b)
  if (typeof b !== 'object' || b === null) return false
  if (Array.isArray(a)) return Array.isArray(b) && isDeepStrictEqual(a, b.slice(0, a.length))
  return Object.entries(a).every(([name, inner]) => isWithin(inner, (b as Record<string, unknown>)[name]))
}

/** What is wrong with the edits of one text; undefined if nothing is. */
function wrongWith(text: string, settings: Settings): string | undefined {
  const before = read(text)
  const edited = withEdits(text, settings)
  if (!edited) return 'setup calls it unreadable'
  if (!isWithin(before, read(edited.text))) return `setup: ${edited.text}`
  const isSpaced = /[{[]\s*[}\]]/.test(text) // what is empty is laid out anew
  let at = 0
  for (const char of text) {
    if (isSpaced && /\s/.test(char)) continue
    at = edited.text.indexOf(char, at) + 1
    if (at === 0) return `setup has taken characters away: ${edited.text}`
  }
  const twice = withEdits(edited.text, settings)
  if (twice?.text !== edited.text) return `twice is not once: ${twice?.text}`
  const undone = withoutEdits(edited.text, settings)
  return undone === undefined || OURS.test(undone) || !isWithin(before, read(undone))
    ? `undo: ${undone}`
    : undefined
}

t.test('any configuration', async (t) => {
  const settings = SETUP_NAMES.flatMap((harness) =>
    FACTS[harness]
      .places({ program: PROGRAM, permissions: true })
      .flatMap((place) => ('json' in place ? [place.json] : [])),
  )
  for (let i = 0; i < rounds(100, 5_000); i++) {
    const text = space() + object(0) + space()
    for (const one of settings) {
      const wrong = wrongWith(text, one)
      if (wrong === undefined) continue
      t.fail(`seed ${random.seed}, round ${i}: ${JSON.stringify(text)}\n${wrong}`)
      return
    }
  }
})
