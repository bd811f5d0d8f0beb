// PROTOCOL §2, attachments: the table of types, which fields each keeps and needs, how many there may be and
// how long. Every refusal leaves nothing stored.

import t from 'tap'
import { broadcastsIn, refused, say, unique } from './steps.js'
import { openTarget } from './target.js'

const hub = await openTarget(t)
const { max_attachments, max_attachment_chars } = hub.info

type Fields = Record<string, unknown>

/** The attachments as a reader gets them; a field that may be absent may also come back as null. */
async function stored(attachments: unknown): Promise<Fields[]> {
  const thread_id = unique('thread')
  await say(hub, { attachments, thread_id })
  const [message] = await broadcastsIn(hub, thread_id)
  const given = (message?.attachments ?? []) as Fields[]
  return given.map((fields) =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)),
  )
}

const attempt = (attachments: unknown, thread_id = unique('thread')) =>
  hub.post('/v1/messages', { from_agent: 'a', body: 'x', attachments, thread_id })

const where = { description: 'where', start_line: 3, end_line: 9 }
const COMPLETE: Fields[] = [
  { type: 'text', content: 'plain ä🙂' },
  { type: 'json', content: { deep: [1, null, { a: 'b' }] } },
  { type: 'code', content: 'let x = 1', language: 'rust' },
  { type: 'file_ref', path: 'src/a.ts', ...where },
  { type: 'diff_ref', path: 'src/a.ts', base: 'main', head: 'topic', ...where },
]

for (const attachment of COMPLETE) {
  t.test(`§2 ${attachment.type} keeps every field of the table`, async (t) => {
    t.strictSame(await stored([attachment]), [attachment])
  })

  t.test(`§2 ${attachment.type} loses every field that is not its own`, async (t) => {
    // Each type gets the fields of all others on top.
    const { content, path, ...others } = Object.assign({}, ...COMPLETE)
    const needed = 'path' in attachment ? { content } : { path }
    const strange = { id: 1, mime: 'text/plain', Content: 'x' }
    t.strictSame(await stored([{ ...others, ...needed, ...strange, ...attachment }]), [attachment])
  })
}

const MINIMAL: Fields[] = [
  { type: 'text', content: 'x' },
  { type: 'json', content: 'x' },
  { type: 'code', content: 'x' },
  { type: 'file_ref', path: 'x' },
  { type: 'diff_ref', path: 'x' },
]

for (const attachment of MINIMAL) {
  t.test(`§2 ${attachment.type} needs no more than its one field`, async (t) => {
    t.strictSame(await stored([attachment]), [attachment])
  })

  const needed = 'path' in attachment ? 'path' : 'content'
  t.test(`§2 ${attachment.type} without ${needed} is a 400 and stores nothing`, async (t) => {
    const thread = unique('thread')
    refused(t, hub, await attempt([{ ...attachment, [needed]: undefined }], thread), 400, new RegExp(needed))
    if (attachment.type !== 'json') {
      refused(t, hub, await attempt([{ ...attachment, [needed]: null }], thread), 400, new RegExp(needed))
    }
    t.strictSame(await broadcastsIn(hub, thread), [])
  })
}

t.test('§2 a file_ref or diff_ref with an empty path is a 400', async (t) => {
  for (const type of ['file_ref', 'diff_ref']) {
    for (const path of ['', '  ', [], {}]) refused(t, hub, await attempt([{ type, path }]), 400, /path/)
  }
})

for (const field of ['start_line', 'end_line']) {
  t.test(`§2 ${field} must be an integer`, async (t) => {
    for (const value of [1.5, 'ten', [1]]) {
      const reply = await attempt([{ type: 'file_ref', path: 'a', [field]: value }])
      refused(t, hub, reply, 400, new RegExp(`${field} must be an integer`))
    }
    const [digits] = await stored([{ type: 'file_ref', path: 'a', [field]: '12' }])
    t.equal(digits?.[field], 12, 'a string of digits is one')
  })
}

for (const content of [
  {},
  [],
  [1, 'a'],
  { a: { b: null } },
  'text',
  12.5,
  0,
  true,
  false,
  '',
  null,
  [null],
]) {
  t.test(`§2 json content may be any JSON: ${JSON.stringify(content)}`, async (t) => {
    const attachments = [{ type: 'json', content }]
    const thread_id = unique('thread')
    t.strictSame((await say(hub, { body: undefined, attachments, thread_id })).attachments, attachments)
    t.strictSame((await broadcastsIn(hub, thread_id))[0]?.attachments, attachments)
  })
}

t.test('§2 attachments keep their order', async (t) => {
  t.strictSame(await stored([...COMPLETE, ...MINIMAL]), [...COMPLETE, ...MINIMAL])
})

t.test('§2 attachments that are null or absent are none', async (t) => {
  t.strictSame(await stored(null), [])
  t.strictSame(await stored(undefined), [])
})

for (const bad of ['text', 5, { type: 'text', content: 'x' }, true]) {
  t.test(`§2 attachments that are no list are a 400: ${JSON.stringify(bad)}`, async (t) => {
    const thread = unique('thread')
    refused(t, hub, await attempt(bad, thread), 400, /attachment/)
    t.strictSame(await broadcastsIn(hub, thread), [])
  })
}

const BAD_ITEMS = [
  'text',
  5,
  null,
  [],
  {},
  { content: 'x' },
  { type: 'image', content: 'x' },
  { type: 7, content: 'x' },
]

for (const item of BAD_ITEMS) {
  t.test(
    `§2 an attachment that is no object of a known type is a 400: ${JSON.stringify(item)}`,
    async (t) => {
      const thread = unique('thread')
      refused(t, hub, await attempt([{ type: 'text', content: 'fine' }, item], thread), 400, /attachment/)
      t.strictSame(await broadcastsIn(hub, thread), [], 'the good one beside it is not stored either')
    },
  )
}

t.test('§2 max_attachments are accepted, one more is a 400', async (t) => {
  const list = Array.from({ length: max_attachments }, (_, i) => ({ type: 'text', content: `${i}` }))
  t.strictSame(await stored(list), list)
  const thread = unique('thread')
  refused(t, hub, await attempt([...list, { type: 'text', content: 'more' }], thread), 400, /attachment/)
  t.strictSame(await broadcastsIn(hub, thread), [])
})

// The limit is on the JSON encoding of `content`: two quotes, and escapes in full.
const LONGEST: [string, string, string][] = [
  ['text', 'letters', 'x'.repeat(max_attachment_chars - 2)],
  ['code', 'letters', 'x'.repeat(max_attachment_chars - 2)],
  ['json', 'letters', 'x'.repeat(max_attachment_chars - 2)],
  [
    'text',
    'quotes, each escaped as two',
    `${'"'.repeat((max_attachment_chars - 2) >> 1)}${max_attachment_chars % 2 ? 'x' : ''}`,
  ],
  ['text', 'characters outside the basic plane, which count once', '🙂'.repeat(max_attachment_chars - 2)],
]

for (const [type, name, content] of LONGEST) {
  t.test(`§2 ${type} content of max_attachment_chars is accepted, one more is a 400: ${name}`, async (t) => {
    const reply = await attempt([{ type, content }])
    t.equal(reply.status, 201, reply.text.slice(0, 200))
    const thread = unique('thread')
    refused(t, hub, await attempt([{ type, content: `${content}x` }], thread), 400, /attachment|content/)
    t.strictSame(await broadcastsIn(hub, thread), [])
  })
}

t.test('§2 the limit on content holds for each attachment, not for their sum', async (t) => {
  const content = 'x'.repeat(max_attachment_chars - 2)
  t.equal((await attempt(Array.from({ length: 3 }, () => ({ type: 'text', content })))).status, 201)
})
