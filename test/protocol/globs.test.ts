// Whether two globs meet (PROTOCOL §19), beside brute force: picomatch says which paths of a generated tree each one matches.

import { createRequire } from 'node:module'
import t from 'tap'
import { globProblem, globsMeet, parseGlob, pathAsGlob } from '../../src/protocol/globs.js'
import { Random, rounds } from '../support/campaign.js'

type Matcher = (path: string) => boolean
const picomatch = createRequire(import.meta.url)('picomatch') as (glob: string, options: object) => Matcher

const PAIRS = rounds(1_000, 10_000)
/** Paths of one tree. With two letters and four levels a tree has most of the paths that tell two globs apart. */
const PATHS = 300
/** Paths made of the two globs themselves. */
const MEMBERS = 200

const meet = (a: string, b: string) => globsMeet(parseGlob(a), parseGlob(b))

const pick = <T>(random: Random, from: readonly T[]) => from[random.between(0, from.length - 1)] as T
const many = (random: Random, min: number, max: number, next: () => string) =>
  Array.from({ length: random.between(min, max) }, next)

const NAMES = ['a', 'b', 'ab', 'ba', 'aab', '.a', 'a.ts', 'b.ts', '.ts', 'ab.js', 'é', 'c']

function pathOf(random: Random): string {
  return many(random, 1, 4, () => pick(random, NAMES)).join('/')
}

const PARTS = [
  'a',
  'b',
  'ab',
  '.',
  '*',
  '*',
  '?',
  '[ab]',
  '[^a]',
  '[a-c]',
  '{a,b}',
  '{ab,.}',
  '.ts',
  '.{ts,js}',
  '\\a',
  'é',
]

function globOf(random: Random): string {
  const segment = () =>
    random.next() < 0.25
      ? '**'
      : random.next() < 0.4
        ? pick(random, NAMES)
        : many(random, 1, 3, () => pick(random, PARTS)).join('')
  const glob = many(random, 1, 4, segment).join('/')
  return random.next() < 0.1 ? `{${glob},${segment()}}` : glob
}

/** A path that a generated glob may match: what stands for many becomes one of them. */
function memberOf(random: Random, glob: string): string {
  const chosen = glob.replace(/\{([^{}]*)\}/g, (_, inside: string) => pick(random, inside.split(',')))
  const without = chosen.includes('{') ? memberOf(random, chosen) : chosen
  const letters: Record<string, readonly string[]> = {
    '**': ['', 'a', 'b', 'ab', 'c', 'a/b', 'b/ab', 'ab/a/b'],
    '*': ['', 'a', 'b', 'ab', 'ba', '.ts', '.a', 'é', 'a.ts', 'aab'],
    '?': ['a', 'b', 'c', '.', 'é'],
    '[ab]': ['a', 'b'],
    '[^a]': ['b', 'c', '.', 'é'],
    '[a-c]': ['a', 'b', 'c'],
    '\\a': ['a'],
  }
  const path = without.replace(/\*\*|\*|\?|\[[^\]]*\]|\\a/g, (part) => pick(random, letters[part] ?? ['']))
  return path.replace(/\/+/g, '/').replace(/^\/|\/$/g, '')
}

t.test(`${PAIRS} pairs: never "no" where a path matches both, and few "yes" where none does`, (t) => {
  const random = new Random()
  t.comment(`seed ${random.seed}`)
  const wrong: string[] = []
  let [both, none, unsure] = [0, 0, 0]
  for (let pair = 0; pair < PAIRS; pair++) {
    const [a, b] = [globOf(random), globOf(random)]
    if (globProblem(a) || globProblem(b)) {
      pair--
      continue
    }
    const [one, other] = [picomatch(a, { dot: true }), picomatch(b, { dot: true })]
    const members = Array.from({ length: MEMBERS }, (_, i) => memberOf(random, i % 2 ? a : b))
    const paths = [...Array.from({ length: PATHS }, () => pathOf(random)), ...members]
    const shared = paths.find((path) => one(path) && other(path))
    const isYes = meet(a, b)
    if (isYes !== meet(b, a)) wrong.push(`${a} and ${b}: not the same the other way round`)
    if (shared !== undefined && !isYes) wrong.push(`${a} and ${b}: ${shared} matches both`)
    for (const path of paths) {
      if (one(path) && !globsMeet(parseGlob(a), pathAsGlob(path))) wrong.push(`${a} covers ${path}`)
    }
    if (shared !== undefined) both++
    else if (isYes) unsure++
    else none++
  }
  t.strictSame(wrong, [])
  t.comment(`${both} pairs share a path, ${none} are apart, ${unsure} meet without a path of the tree`)
  t.ok(both > PAIRS / 20 && none > PAIRS / 5, 'both kinds are among them')
  t.ok(unsure < PAIRS / 12, 'few meet without a path that shows it')
  t.end()
})

t.test('a path is covered exactly where picomatch matches it', (t) => {
  const random = new Random()
  t.comment(`seed ${random.seed}`)
  let [matched, more] = [0, 0]
  for (let round = 0; round < PAIRS; round++) {
    const [glob, path] = [globOf(random), pathOf(random)]
    if (globProblem(glob)) continue
    const isMatch = picomatch(glob, { dot: true })(path)
    const isCovered = globsMeet(parseGlob(glob), pathAsGlob(path))
    if (isMatch) matched++
    if (isMatch && !isCovered) t.fail(`${glob} matches ${path}`)
    if (!isMatch && isCovered) more++
  }
  t.comment(`${matched} matches, ${more} covered besides`)
  t.ok(more <= PAIRS / 50, 'few paths are covered besides')
  t.end()
})

const APART: [string, string][] = [
  ['src/**', 'test/**'],
  ['*.ts', '*.js'],
  ['src/*.ts', 'src/lib/*.ts'],
  ['src/{a,b}/**', 'src/c/**'],
  ['[ab].ts', '[cd].ts'],
  ['[^a]', 'a'],
  ['[^a-c]', '[ab]'],
  ['?', 'ab'],
  ['a/**/x', 'a/**/y'],
  ['*', '**/a/b'],
  ['/src/**', 'src/**'],
  ['app/\\[slug\\]/*', 'app/s/*'],
]
const MEETING: [string, string][] = [
  ['src/**', 'src/app.ts'],
  ['src/**', 'src'],
  ['**/*.ts', 'src/**'],
  ['a*b', '*ab*'],
  ['**', '/absolute'],
  ['*', '.hidden'],
  ['[^a]*', 'b'],
  ['a/**/b', 'a/b'],
  ['{a,b}/c', '*/c'],
  ['?', '🙂'],
  ['??', '🙂'],
  ['[é]', 'é'],
  ['app/[[]slug]/*', 'app/\\[slug\\]/page.tsx'],
  ['app/(group)/*', 'app/(group)/page.tsx'],
  ['{a}', '\\{a\\}'],
  ['[]]', '\\]'],
]

t.test('pairs that people write', (t) => {
  for (const [a, b] of APART) t.equal(meet(a, b), false, `${a} and ${b}`)
  for (const [a, b] of MEETING) t.equal(meet(a, b), true, `${a} and ${b}`)
  t.end()
})

t.test('a glob that cannot be read is refused in words that say what to write', (t) => {
  const problems: [glob: string, says: RegExp][] = [
    ['!src/**', /begin with !/],
    ['', /empty/],
    ['src/', /folder\/\*\*/],
    ['a//b', /\/\//],
    ['./a', /root of the project/],
    ['../a', /root of the project/],
    ['[ab', /\[ without/],
    ['[a/b]', /\[ without/],
    ['{a,b', /\{ without/],
    ['+(a|b)', /\+\(/],
    ['!(a)/b', /begin with !/],
    ['a/!(b)', /!\(/],
    ['{1..3}', /name each/],
    ['src**', /whole segment/],
    ['[z-a]', /backwards/],
    ['[!a]', /\[\^a\]/],
    ['[[:alpha:]]', /a-z/],
    ['a\\', /end with/],
    ['x'.repeat(513), /at most 512/],
    ['{aaaa,bbbb}'.repeat(20), /stands for too much/],
  ]
  for (const [glob, says] of problems) t.match(globProblem(glob), says, glob.slice(0, 20))
  t.equal(globProblem('src/**/*.{ts,tsx}'), undefined)
  t.end()
})

t.test('globs that are long take no longer than their product', (t) => {
  const [a, b] = [`${'*a'.repeat(250)}`, `${'a*'.repeat(250)}b`]
  const startedAt = performance.now()
  for (let i = 0; i < 20; i++) meet(a, b)
  t.ok(performance.now() - startedAt < 5_000)
  t.end()
})
