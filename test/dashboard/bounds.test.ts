// However long, deep or odd what strangers wrote is, what the page makes of it is bounded.

import t from 'tap'
import { blocksOf, spansOf } from '../../src/dashboard/model/body.js'
import { jsonSize, jsonText } from '../../src/dashboard/model/json.js'
import { messageOf } from '../../src/dashboard/model/message.js'
import { sizeOf } from '../../src/dashboard/model/stretch.js'
import { beginning, bounded, matchesOf, piecesOf, plain } from '../../src/dashboard/model/text.js'
import type { Message } from '../../src/protocol/objects.js'

const LONG = 128_000

const isWhole = (text: string) => !/\p{Cs}/u.test(text)

/** Lists within each other, by a loop: a recursive function would not get that deep. */
function nested(levels: number): unknown {
  let value: unknown = 'core'
  for (let i = 0; i < levels; i++) value = [value]
  return value
}

t.test('a long name is shown by its beginning and its end, with whole characters', async (t) => {
  t.equal(bounded('short'), 'short')
  const name = bounded(`start${'ع'.repeat(300_000)}end`)
  t.match(name, /^start.*….*end$/)
  t.ok(name.length <= 101, `${name.length} characters`)
  t.ok(
    plain('\u202e'.repeat(300_000)).length < 2_200,
    'a title of hidden characters, each told by its number',
  )
  for (let max = 5; max < 9; max++) {
    t.ok(isWhole(bounded('😀'.repeat(50), max)), `${max}`)
    t.ok(isWhole(beginning('😀'.repeat(50), max)))
  }
})

t.test(
  'a text of hidden characters, or full of what is looked for, makes a bounded number of marks',
  async (t) => {
    const pieces = piecesOf('a\u0007'.repeat(LONG / 2), { lines: true })
    t.ok(pieces.length < 1_000, `${pieces.length} pieces`)
    t.equal(
      pieces.map((piece) => (typeof piece === 'string' ? piece : piece.mark)).join(''),
      'a␇'.repeat(LONG / 2),
    )
    t.equal(matchesOf('a'.repeat(LONG), 'a', 200).length, 200)
  },
)

t.test('a body becomes a bounded number of parts, none too long, and none of it is lost', async (t) => {
  const bodies = {
    fences: '```\n'.repeat(LONG / 4),
    lines: 'x\n'.repeat(LONG / 2),
    letters: 'ع'.repeat(LONG),
    words: 'word '.repeat(LONG / 5),
    emoji: '😀'.repeat(LONG / 2),
  }
  for (const [what, body] of Object.entries(bodies)) {
    const blocks = blocksOf(body)
    t.ok(blocks.length <= 260, `${what}: ${blocks.length} blocks`)
    t.ok(
      blocks.every(({ type, text }) => type === 'code' || text.length <= 2_000),
      `${what}: short ones`,
    )
    t.ok(
      blocks.every(({ text }) => isWhole(text)),
      `${what}: whole characters`,
    )
    if (what !== 'fences')
      t.equal(
        blocks
          .map(({ text }) => text)
          .join('')
          .replaceAll('\n', ''),
        body.replaceAll('\n', ''),
      )
  }
  const spans = spansOf('`a` '.repeat(1_000))
  t.ok(spans.length <= 401)
  t.equal(spans.map(({ code, text }) => (code ? `\`${text}\`` : text)).join(''), '`a` '.repeat(1_000))
})

t.test('JSON is written as it is, in one line or in many', async (t) => {
  const value = { a: [1, -2.5, true, null], 'b"': { c: 'x\ny' }, d: [], e: {} }
  t.equal(jsonText(value, { chars: 1_000, indented: true }).text, JSON.stringify(value, null, 2))
  t.same(JSON.parse(jsonText(value, { chars: 1_000 }).text), value)
  t.same(jsonText(undefined, { chars: 10 }), { text: 'undefined', isCut: false })
})

t.test('JSON of any depth or size is told in part', async (t) => {
  for (const levels of [5_000, 200_000]) {
    const { text, isCut } = jsonText(nested(levels), { chars: 100_000, indented: true })
    t.ok(isCut && text.includes('[…]') && text.length < 5_000, `${levels} levels: ${text.length} characters`)
    t.ok(jsonSize(nested(levels)) >= 2 * levels, 'and counts whole')
  }
  const large = jsonText({ text: 'x'.repeat(LONG), more: 1 }, { chars: 1_000 })
  t.match(large, { isCut: true })
  t.ok(large.text.length <= 1_001)
  t.ok(jsonText(Array(LONG).fill(1), { chars: 1_000, indented: true }).text.length <= 1_001)
})

t.test('a message of any shape becomes one that can be shown', async (t) => {
  const odd = messageOf({
    id: 7,
    ts: 5,
    from_agent: null,
    to_agent: { a: 1 },
    channel: undefined,
    kind: ['chat'],
    body: { deep: nested(200_000) },
    attachments: [null, 5, 'x', [1], { type: 'text', content: 'y' }],
    reply_to: 'six',
    thread_id: 12,
    metadata: ['not', 'an', 'object'],
  } as unknown as Message)
  t.match(odd, { id: 7, ts: '5', from_agent: '', to_agent: '{"a": 1}', channel: '', kind: '["chat"]' })
  t.match(odd.body, /^\{"deep": \[/)
  t.same(odd.attachments, [
    {},
    { content: 5 },
    { content: 'x' },
    { content: [1] },
    { type: 'text', content: 'y' },
  ])
  t.match(odd, { reply_to: null, thread_id: '12', metadata: { metadata: ['not', 'an', 'object'] } })
  t.ok(sizeOf(odd) > 300)
  t.same(messageOf({ ...odd, attachments: {} } as unknown as Message).attachments, [])
})
