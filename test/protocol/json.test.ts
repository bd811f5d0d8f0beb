// JSON from outside and back, without a hub: what every text becomes (PROTOCOL §1).

import t from 'tap'
import { jsonText, parseExact, readJson, wellFormed } from '../../src/protocol/json.js'
import { Random } from '../support/campaign.js'

const read = (text: string) => readJson(text, 'it')
const refused = (message: RegExp) => ({ code: 'invalid_request', message })

t.test('what is written back is what was read, digit by digit', (t) => {
  const texts = [
    '9007199254740993',
    '-123456789012345678901234567890',
    '[1,9007199254740993,1.5,true,false,null,"9007199254740993"]',
    '{"a":{"b":[{"c":18446744073709551615}]},"":[],"d":{}}',
    '{"__proto__":9007199254740993,"constructor":{"prototype":1}}',
    '"9007199254740993 \\" \\\\ \\n"',
  ]
  for (const text of texts) {
    t.equal(jsonText(read(text)), text)
    t.equal(jsonText(parseExact(text)), text)
  }
  t.end()
})

t.test('blanks, escapes and members that come again are read as JSON.parse reads them', (t) => {
  const texts = [
    ' { "a" : [ 1 , 2 ] ,\r\n\t"b":"x\\"y\\\\" , "big" : 9007199254740992 } ',
    '{"a":1,"a":{"b":2},"a":9007199254740992,"\\u0061":[]}',
    '["\\\\",9007199254740992,"\\\\\\"","",{},[],[[]],{"":""}]',
  ]
  for (const text of texts) t.strictSame(JSON.parse(jsonText(read(text))), JSON.parse(text))
  t.end()
})

t.test('any JSON with a large number in it is read as JSON.parse reads it', (t) => {
  const random = new Random()
  t.comment(`ARC_TEST_SEED=${random.seed}`)
  const scalars = ['"\\\\\\"{[,:"', '1e-7', '-0', 'true', 'null', '"9007199254740993"', '0.1', '""', '12']
  const any = (levels: number): string => {
    const gap = ' \n\t'.slice(0, random.between(0, 3))
    const members = Array.from({ length: levels > 0 ? random.between(0, 4) : 0 }, () => any(levels - 1))
    const kind = levels > 0 ? random.between(0, 2) : 0
    if (kind === 1) return `[${gap}${members.join(`${gap},`)}${gap}]`
    if (kind === 2)
      return `{${members.map((member, i) => `"${'k'.repeat(i % 3)}"${gap}:${gap}${member}`).join()}${gap}}`
    return scalars[random.between(0, scalars.length - 1)] as string
  }
  for (let i = 0; i < 2_000; i++) {
    const text = `[${any(5)},9007199254740992]`
    const parsed = JSON.parse(text)
    if (JSON.stringify(parsed) !== jsonText(read(text))) t.equal(jsonText(read(text)), text)
  }
  t.end()
})

t.test('halves of pairs become U+FFFD, pairs and escaped backslashes stay', (t) => {
  const cases: [string, string][] = [
    ['"\\ud83d"', '"\\ufffd"'],
    ['"\\uDE80"', '"\\ufffd"'],
    ['"\\ude80\\ud83d"', '"\\ufffd\\ufffd"'],
    ['"\\ud83d\\ud83d\\ude80"', '"\\ufffd\\ud83d\\ude80"'],
    ['"\\uD83D\\uDE80"', '"\\uD83D\\uDE80"'],
    ['"\\\\ud83d"', '"\\\\ud83d"'],
    ['"\\\\\\ud83d"', '"\\\\\\ufffd"'],
    ['"\\ud55c"', '"\\ud55c"'],
    ['{"\\udfff":1}', '{"\\ufffd":1}'],
  ]
  for (const [given, expected] of cases) {
    t.equal(wellFormed(given), expected, given)
    t.ok(jsonText(read(given)).isWellFormed())
  }
  t.end()
})

t.test('a text that is too deep is refused, however deep it is', (t) => {
  t.doesNotThrow(() => read('['.repeat(100) + ']'.repeat(100)))
  t.doesNotThrow(() => read(`${'{"a":'.repeat(100)}1${'}'.repeat(100)}`))
  for (const levels of [101, 10_000, 500_000]) {
    t.throws(() => read('['.repeat(levels) + ']'.repeat(levels)), refused(/100 levels/))
    t.throws(
      () => read(`[9007199254740993,${'['.repeat(levels)}${']'.repeat(levels)}]`),
      refused(/100 levels/),
    )
  }
  t.end()
})

t.test('a number that becomes infinite is refused by its digits', (t) => {
  t.throws(() => read('{"a":[1e400]}'), refused(/it holds the number 1e400, .* give it as a string/))
  t.throws(() => read(`-${'9'.repeat(1_000_000)}`), refused(/the number -9999999999999999999…,/))
  t.equal(read('1e308'), 1e308)
  t.end()
})

t.test('what JavaScript would write is written, with BigInts among it', (t) => {
  const value = {
    a: 1n,
    b: undefined,
    c: [undefined, 2n, Number.NaN],
    d: new Date(0),
    e: { toJSON: () => 3n },
  }
  t.equal(jsonText(value), '{"a":1,"c":[null,2,null],"d":"1970-01-01T00:00:00.000Z","e":3}')
  const circle: Record<string, unknown> = { n: 1n }
  circle.again = circle
  t.throws(() => jsonText(circle))
  t.end()
})
