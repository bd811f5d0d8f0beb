// What JSON text may bring in (PROTOCOL §1), at each of the doors: halves of characters, numbers that JavaScript does not
// hold, levels, byte order marks. What is taken comes back the same from every listing; what is not is a 400 that says why.

import t from 'tap'
import { openDoors } from '../support/doors.js'
import { needsOwnHub } from './target.js'

if (needsOwnHub) {
  t.plan(0, needsOwnHub)
  process.exit()
}

const doors = await openDoors(t)
const HALF = '\\ud83d'
const LONE = /\\u[dD][89a-fA-F]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

/** Every place where a client's text is kept: the request, and the listing that shows it. */
const PLACES: [what: string, path: string, body: string, listing: string][] = [
  [
    'a body',
    '/v1/messages',
    '{"from_agent":"a","body":"x@"}',
    '/v1/messages?channel=general&tail=true&limit=1',
  ],
  [
    'an author',
    '/v1/messages',
    '{"from_agent":"a@","body":"x"}',
    '/v1/messages?channel=general&tail=true&limit=1',
  ],
  ['an addressee', '/v1/messages', '{"from_agent":"a","to_agent":"b@","body":"x"}', '/v1/inbox/b%EF%BF%BD'],
  ['a thread', '/v1/messages', '{"from_agent":"a","thread_id":"t@","body":"x"}', '/v1/threads/t%EF%BF%BD'],
  ['a channel', '/v1/channels', '{"name":"c@","created_by":"a@"}', '/v1/channels'],
  [
    'an agent',
    '/v1/sessions',
    '{"agent_id":"s@","display_name":"d@","capabilities":["k@"],"replace":true}',
    '/v1/agents',
  ],
  ['a claim', '/v1/claims', '{"owner_agent_id":"a","claim_key":"k@","thread_id":"u@"}', '/v1/claims'],
  ['a lock', '/v1/locks', '{"agent_id":"a","file_path":"p@"}', '/v1/locks'],
  [
    'metadata',
    '/v1/locks',
    '{"agent_id":"a","file_path":"q","metadata":{"m@":["@",{"n":"@"}]}}',
    '/v1/locks',
  ],
  [
    'an attachment',
    '/v1/messages',
    '{"from_agent":"a","attachments":[{"type":"json","content":{"k@":"@"}},{"type":"code","content":"@","language":"l@"},{"type":"diff_ref","path":"p@","base":"b@","description":"d@"}]}',
    '/v1/messages?channel=general&tail=true&limit=1',
  ],
]

for (const door of doors) {
  for (const [what, path, body, listing] of PLACES) {
    t.test(
      `${door.name}: half a character in ${what} becomes U+FFFD, and reads the same everywhere`,
      async (t) => {
        for (const half of [HALF, '\\uDE00', `${HALF}\\\\`, `${HALF}${HALF}`]) {
          const posted = await door.send('POST', path, body.replaceAll('@', half))
          t.match(posted.status, /20[01]/, posted.error)
          const listed = await door.send('GET', listing)
          t.equal(listed.status, 200, listed.error)
          for (const { text } of [posted, listed]) {
            t.notMatch(text, LONE)
            t.match(text, '\ufffd')
          }
        }
      },
    )
  }

  t.test(`${door.name}: whole characters stay as they are, however they are written`, async (t) => {
    const body =
      '{"from_agent":"a","body":"\\ud83d\\ude80 \\\\ud83d \\uD83D\\uDE80 🚀","metadata":{"\\ud83d\\ude80":1}}'
    const { text } = await door.send('POST', '/v1/messages', body)
    const { body: kept, metadata } = JSON.parse(text).result
    t.strictSame([kept, metadata], ['🚀 \\ud83d 🚀 🚀', { '🚀': 1 }])
  })

  t.test(`${door.name}: whole numbers beyond 2^53 come back digit by digit`, async (t) => {
    const numbers = '[9007199254740993,-9007199254740993,123456789012345678901234567890]'
    const kept = `"metadata":{"n":${numbers},"f":0.5,"__proto__":1}`
    const cases: [string, string, string][] = [
      [
        '/v1/messages',
        `"from_agent":"a","body":"x","attachments":[{"type":"json","content":${numbers}}]`,
        '/v1/messages?channel=general&tail=true&limit=1',
      ],
      ['/v1/channels', `"name":"digits ${door.name}"`, '/v1/channels'],
      ['/v1/sessions', `"agent_id":"digits ${door.name}"`, '/v1/agents'],
      ['/v1/claims', `"owner_agent_id":"a","claim_key":"d ${door.name}","thread_id":"digits"`, '/v1/claims'],
      ['/v1/locks', `"agent_id":"a","file_path":"d ${door.name}"`, '/v1/locks'],
      [
        '/v1/claims',
        `"owner_agent_id":"a","claim_key":"e ${door.name}","thread_id":"digits"`,
        '/v1/threads/digits',
      ],
    ]
    for (const [path, members, listing] of cases) {
      const { text: posted, error } = await door.send('POST', path, `{${members},${kept}}`)
      t.ok(posted.includes(kept), `${path}: ${error || posted}`)
      const { text: listed } = await door.send('GET', listing)
      t.ok(listed.includes(kept), `${listing}: ${listed}`)
      if (path === '/v1/messages') t.ok(listed.includes(`"content":${numbers}`), listed)
    }
  })

  t.test(
    `${door.name}: the result of a task keeps its digits beside what the hub writes into it`,
    async (t) => {
      const ask = '{"from_agent":"a","to_agent":"b","kind":"task_request","body":"x"}'
      const { id } = JSON.parse((await door.send('POST', '/v1/messages', ask)).text).result
      const result = `{"from_agent":"b","kind":"task_result","reply_to":${id},"body":"x","metadata":{"n":9007199254740993}}`
      const { text, error } = await door.send('POST', '/v1/messages', result)
      t.ok(text.includes(`"metadata":{"n":9007199254740993,"task_completed":${id}}`), error || text)
    },
  )

  t.test(
    `${door.name}: numbers beyond 2^53 for names are their digits, so two of them are two names`,
    async (t) => {
      const keys = ['9007199254740992', '9007199254740993', '123456789012345678901234567890']
      for (const key of keys) {
        const { text, error } = await door.send(
          'POST',
          '/v1/claims',
          `{"owner_agent_id":${key},"claim_key":${key}}`,
        )
        t.match(
          JSON.parse(text || '{}'),
          { acquired: true, result: { claim_key: key, owner_agent_id: key } },
          error,
        )
      }
      const { text } = await door.send('POST', '/v1/messages', `{"from_agent":"a","body":${keys[1]}}`)
      t.equal(JSON.parse(text).result.body, keys[1])
    },
  )

  t.test(
    `${door.name}: a number that is too large for every reader is a 400 that says what to do`,
    async (t) => {
      for (const number of ['1e400', '-1e400', '9'.repeat(400)]) {
        const bodies = [
          `"body":${number}`,
          `"body":"x","metadata":{"n":[${number}]}`,
          `"body":"x","reply_to":${number}`,
        ]
        for (const body of bodies) {
          const { status, error } = await door.send('POST', '/v1/messages', `{"from_agent":"a",${body}}`)
          t.match({ status, error }, { status: 400, error: /give it as a string/ })
        }
      }
    },
  )

  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
  const deep = (levels: number) => [
    `"body":"x","metadata":{"m":${nested(levels - 2)}}`,
    `"attachments":[{"type":"json","content":${nested(levels - 3)}}]`,
    `"attachments":[{"type":"json","content":${'{"a":'.repeat(levels - 4)}[]${'}'.repeat(levels - 4)}}]`,
  ]

  t.test(`${door.name}: 100 levels are taken, more are a 400 that says so`, async (t) => {
    for (const body of deep(100)) {
      const { status, error } = await door.send('POST', '/v1/messages', `{"from_agent":"a",${body}}`)
      t.equal(status, 201, error)
    }
    for (const levels of [101, 1_000, 5_000, 200_000]) {
      for (const body of deep(levels)) {
        const { status, error } = await door.send('POST', '/v1/messages', `{"from_agent":"a",${body}}`)
        t.match({ status, error }, { status: 400, error: /more than 100 levels/ }, `${levels} levels`)
      }
    }
  })

  t.test(`${door.name}: a byte order mark before the JSON is no part of it`, async (t) => {
    const { status, error } = await door.sendBytes(
      Buffer.from(`\ufeff${door.whole('{"from_agent":"a","body":"x"}')}`),
    )
    t.equal(status, 201, error)
  })

  for (const encoding of ['with a byte order mark', 'without one'] as const) {
    t.test(`${door.name}: UTF-16 ${encoding} is a 400 that names it`, async (t) => {
      const text = door.whole('{"from_agent":"a","body":"x"}')
      const little = Buffer.from(encoding === 'without one' ? text : `\ufeff${text}`, 'utf16le')
      for (const bytes of [little, Buffer.from(little).swap16()]) {
        t.match(await door.sendBytes(bytes), { status: 400, error: /UTF-16/ })
      }
    })
  }

  t.test(`${door.name}: members of any name stay members`, async (t) => {
    const metadata = '{"__proto__":{"a":1},"constructor":null,"toString":[],"":{}}'
    const { text, error } = await door.send(
      'POST',
      '/v1/locks',
      `{"agent_id":"a","file_path":"names","metadata":${metadata}}`,
    )
    t.ok(text.includes(metadata), error || text)
    t.ok((await door.send('GET', '/v1/locks')).text.includes(metadata))
  })

  t.test(`${door.name}: of members with one name the last one counts`, async (t) => {
    const body =
      '{"from_agent":"a","body":"x","body":"y","metadata":{"n":9007199254740993,"n":9007199254740995}}'
    const { text } = await door.send('POST', '/v1/messages', body)
    t.ok(text.includes('"body":"y"') && text.includes('"metadata":{"n":9007199254740995}'), text)
  })
}
