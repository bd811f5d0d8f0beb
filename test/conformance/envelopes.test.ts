// PROTOCOL §1, the frame of every exchange: envelopes, headers, statuses, request bodies and their size.
// Field rules are in fields.test.ts, ids and pages in pages.test.ts, `timeout` in long-poll.test.ts.

import t from 'tap'
import type { Message, Session, Task } from '../../src/protocol/objects.js'
import { broadcastsIn, join, refused, say, unique } from './steps.js'
import { openTarget } from './target.js'
import { speak } from './wire.js'

const hub = await openTarget(t)
const { info } = hub
const maxBytes = info.max_body_chars + info.max_attachment_chars * info.max_attachments + 65_536

t.test('§1 a success is {"ok": true, "result": …} and nothing else', async (t) => {
  const reply = await hub.get('/v1/channels')
  t.equal(reply.status, 200)
  t.strictSame(Object.keys(reply.json).sort(), ['ok', 'result'])
  t.equal(reply.json.ok, true)
})

t.test('§1 a failure is {"ok": false, "error": text}, and ours adds a machine-readable code', async (t) => {
  refused(t, hub, await hub.post('/v1/messages', { from_agent: 'a', body: 'x', kind: 'no such kind' }), 400)
})

for (const path of ['/v1/claims', '/v1/locks']) {
  t.test(`§1 ${path}: acquire and refresh put "acquired" beside "result"`, async (t) => {
    const lease = { claim_key: unique('key'), file_path: unique('path'), owner_agent_id: 'a', agent_id: 'a' }
    const members = ['acquired', ...(hub.announces('arc:fencing') ? ['fence'] : []), 'ok', 'result']
    for (const verb of ['', '/refresh']) {
      const reply = await hub.post(`${path}${verb}`, lease)
      t.strictSame(Object.keys(reply.json).sort(), members, `${path}${verb}`)
      t.equal(reply.json.acquired, true)
    }
  })
}

// One answer of every status that needs no special hub.
const agent = unique('agent')
const session = { agent_id: agent }
const ANSWERS = [
  { status: 200, ask: () => hub.get('/v1/channels') },
  { status: 201, ask: () => hub.post('/v1/sessions', { ...session, replace: true }) },
  { status: 400, ask: () => hub.post('/v1/sessions', { agent_id: '' }) },
  { status: 400, ask: () => hub.post('/v1/sessions', '{') },
  { status: 404, ask: () => hub.get(`/v1/threads/${unique('nowhere')}`) },
  { status: 404, ask: () => hub.get(`/${unique('nowhere')}`) },
  {
    status: 409,
    ask: () => join(hub, agent, { replace: true }).then(() => hub.post('/v1/sessions', session)),
  },
]

for (const [index, { status, ask }] of ANSWERS.entries()) {
  t.test(`§1 a ${status} is JSON in UTF-8, and names the instance (${index + 1})`, async (t) => {
    const reply = await ask()
    t.equal(reply.status, status, reply.text)
    t.match(reply.headers['content-type'], /^application\/json\b/, 'Content-Type')
    t.equal(reply.headers['x-arc-instance'], info.instance_id, 'X-Arc-Instance')
    t.equal(reply.json.ok, status < 300)
  })
}

t.test('§1 the HTML answer names the instance as well', async (t) => {
  const reply = await hub.get('/')
  t.match(reply.headers['content-type'], /^text\/html\b/)
  t.equal(reply.headers['x-arc-instance'], info.instance_id)
})

for (const path of ['/v1', '/v1/', '/v2/messages', '/v1/messages/1/2', '/v1/nothing', '/favicon.nothing']) {
  t.test(`§1 unknown route ${path} is a 404 in JSON, for GET and POST`, async (t) => {
    refused(t, hub, await hub.get(path), 404)
    refused(t, hub, await hub.post(path, {}), 404)
  })
}

const unserved = hub.ours ? 405 : 404

t.test('§1 a known path with a method that it does not have is refused; ours says what it has', async (t) => {
  refused(t, hub, await hub.get('/v1/claims/refresh'), unserved)
  refused(t, hub, await hub.post('/v1/hub-info', {}), unserved)
  refused(t, hub, await hub.call('DELETE', '/v1/messages'), unserved)
})

t.test('§1 PUT and PATCH are refused', { skip: !hub.ours && 'not every hub answers them' }, async (t) => {
  refused(t, hub, await hub.call('PUT', '/v1/messages', {}), unserved, /use GET or POST/)
  refused(t, hub, await hub.call('PATCH', '/v1/channels', {}), unserved)
})

for (const type of [undefined, 'application/x-www-form-urlencoded', 'text/plain']) {
  t.test(`§1 a body needs no JSON Content-Type (${type ?? 'none'})`, async (t) => {
    const headers = type === undefined ? {} : { 'content-type': type }
    const body = JSON.stringify({ from_agent: 'curl', body: 'Grüße 🙂' })
    const reply = await hub.post<Message>('/v1/messages', body, headers)
    t.equal(reply.status, 201)
    t.equal(reply.result.body, 'Grüße 🙂')
  })
}

for (const [what, body] of [
  ['absent', undefined],
  ['of length 0', ''],
] as const) {
  t.test(`§1 a body that is ${what} reads as {}`, async (t) => {
    const task = await say(hub, { kind: 'task' })
    const reply = await hub.post<Task>(`/v1/tasks/${task.id}/complete`, body)
    t.equal(reply.status, 200, reply.text)
    t.equal(reply.result.status, 'done')
    refused(t, hub, await hub.post('/v1/messages', body), 400, /from_agent/)
  })
}

const BAD_BODIES: [string, string | Uint8Array][] = [
  ['cut off', '{"from_agent": "a", "body": "x"'],
  ['not JSON', 'from_agent=a&body=x'],
  ['JSON with a comment', '{"from_agent": "a", "body": "x"} // hello'],
  ['JSON with a lone NaN', '{"from_agent": "a", "body": "x", "reply_to": NaN}'],
  ['an array', '[{"from_agent": "a", "body": "x"}]'],
  ['a string', '"hello"'],
  ['a number', '7'],
  ['null', 'null'],
  ['true', 'true'],
]

for (const [what, body] of BAD_BODIES) {
  t.test(`§1 a body that is ${what} is a 400`, async (t) => {
    refused(t, hub, await hub.post('/v1/messages', body), 400)
  })
}

// Latin-1, an overlong slash, half a surrogate pair, a character cut in two.
for (const bytes of [[0xe9], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x99]]) {
  const hex = Buffer.from(bytes).toString('hex')
  t.test(`§1 a body with the invalid UTF-8 ${hex} is a 400 and stores nothing`, async (t) => {
    const thread = unique('thread')
    const json = JSON.stringify({ from_agent: 'a', thread_id: thread, body: '#' })
    const [before = '', after = ''] = json.split('#')
    const body = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)])
    refused(t, hub, await hub.post('/v1/messages', body), 400)
    t.strictSame(await broadcastsIn(hub, thread), [])
  })
}

/** A message of exactly `size` bytes: JSON padded with blanks. */
function padded(size: number, thread: string): Buffer {
  const json = JSON.stringify({ from_agent: 'a', thread_id: thread, body: 'padded' })
  return Buffer.concat([Buffer.from(json), Buffer.alloc(size - json.length, ' ')])
}

t.test('§1 a body of exactly the largest size is read', async (t) => {
  const thread = unique('thread')
  const reply = await hub.post('/v1/messages', padded(maxBytes, thread))
  t.equal(reply.status, 201, reply.text)
})

function* pieces(body: Buffer, wrap: (piece: Buffer) => Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at += 65_536) yield wrap(body.subarray(at, at + 65_536))
}

const FRAMINGS = [
  {
    name: 'Content-Length',
    header: `Content-Length: ${maxBytes + 1}`,
    wrap: (piece: Buffer) => piece,
    end: Buffer.alloc(0),
  },
  {
    name: 'chunked encoding',
    header: 'Transfer-Encoding: chunked',
    wrap: (piece: Buffer) => Buffer.from(`${piece.length.toString(16)}\r\n${piece.toString('latin1')}\r\n`),
    end: Buffer.from('0\r\n\r\n'),
  },
]

for (const { name, header, wrap, end } of FRAMINGS) {
  t.test(`§1 a body one byte too large, by ${name}, is a 400 and closes the connection`, async (t) => {
    const thread = unique('thread')
    const head = `POST /v1/messages HTTP/1.1\r\nHost: ${new URL(hub.url).host}\r\n${header}\r\n\r\n`
    const body = padded(maxBytes + 1, thread)
    // `speak` resolves only when the hub closes, though the request asked for keep-alive.
    const reply = await speak(hub.url, head, [...pieces(body, wrap), end])
    t.equal(reply.status, 400)
    t.match(reply.text, /"ok": ?false/)
    t.strictSame(await broadcastsIn(hub, thread), [], 'nothing was stored')
  })
}

t.test('§1 the hub still answers after refusing a body that was too large', async (t) => {
  const reply = await hub.post<Session>('/v1/sessions', { agent_id: unique('agent') })
  t.equal(reply.status, 201)
})

t.test('§1 unknown request fields and query parameters are ignored', async (t) => {
  const thread = unique('thread')
  const message = await say(hub, { thread_id: thread, colour: 'blue', id: 1, ts: 'yesterday' })
  t.notOk('colour' in message)
  t.not(message.ts, 'yesterday')
  const rows = await hub.get<Message[]>('/v1/messages', { thread_id: thread, colour: 'blue' })
  t.strictSame(rows.result, [message])
})
