// PROTOCOL §16, who may call: a web page that the person happens to visit must not reach the hub. Raw
// sockets, since node:http would neither leave out nor double a Host. Each refusal is proved to be one: what it
// carried is not stored, and the session in whose name it came is not touched.

import t from 'tap'
import type { Session } from '../../src/protocol/objects.js'
import { broadcastsIn, join, say, sessionOf, unique, until } from '../conformance/steps.js'
import { ownHub } from '../conformance/target.js'
import { type RawReply, speak } from '../conformance/wire.js'

t.jobs = 8
const hub = await ownHub(t, { allowHosts: ['arc.example'] })
const { port } = hub.hub
const here = `127.0.0.1:${port}`

interface Sent {
  readonly method?: string
  readonly path?: string
  readonly version?: string
  readonly body?: unknown
}

/** Sends exactly these header lines (and the framing), and reads until the hub closes. */
function send(
  lines: readonly string[],
  { method = 'GET', path = '/v1/hub-info', version = '1.1', body }: Sent = {},
) {
  const text = body === undefined ? '' : JSON.stringify(body)
  const framing = [
    'Connection: close',
    ...(body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(text)}`]),
  ]
  const head = [`${method} ${path} HTTP/${version}`, ...lines, ...framing, '', ''].join('\r\n')
  return speak(hub.url, `${head}${text}`)
}

const statusOf = async (lines: readonly string[], sent?: Sent) => (await send(lines, sent)).status
const host = `Host: ${here}`

for (const value of [
  here,
  '127.0.0.1',
  '127.0.0.1:1',
  '10.1.2.3:8080',
  'localhost',
  `localhost:${port}`,
  'localhost:9',
  '[::1]',
  `[::1]:${port}`,
  '[fe80::1]:80',
  'arc.example',
  `arc.example:${port}`,
  'arc.example:443',
]) {
  t.test(`§16 Host ${value.replace(String(port), 'PORT')} is accepted`, async (t) => {
    t.equal(await statusOf([`Host: ${value}`]), 200)
  })
}

const EVIL_HOSTS = [
  'evil.example',
  `evil.example:${port}`,
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  'evil.localhost',
  'notlocalhost',
  'www.arc.example',
  'arc.example.evil.example',
  'evil.example#localhost',
  'evil.example/localhost',
  'localhost@evil.example',
  `127.0.0.1:${port}@evil.example`,
  '127.0.0.1, evil.example',
  'localhost evil.example',
  '[evil.example]',
  '[::1].evil.example',
  'localhost.',
  '127.0.0.1.',
  '',
]

/** Names of this machine that browsers do not take for it: to these they send no fetch metadata. */
const ALIASES = [
  '0.0.0.0',
  `0.0.0.0:${port}`,
  '0.1.2.3',
  '0',
  '127.1',
  '2130706433',
  '0x7f000001',
  '0177.0.0.1',
  '[::]',
  `[::]:${port}`,
  '[0:0::0]',
  '[::ffff:127.0.0.1]',
  `[::ffff:7f00:1]:${port}`,
  '[0:0:0:0:0:FFFF:7f00:0001]',
  '[::127.0.0.1]',
  '[::ffff:0:127.0.0.1]',
  '[::ffff:192.168.1.2]',
]

for (const value of ALIASES) {
  t.test(
    `§16 Host ${value.replace(String(port), 'PORT')}, by which a browser does not know this machine, is a 403`,
    async (t) => {
      t.equal(await statusOf([`Host: ${value}`]), 403)
      t.equal(
        await statusOf([`Host: ${value}`, `Origin: http://${value}`, 'Sec-Fetch-Site: same-origin']),
        403,
      )
    },
  )
}

for (const value of EVIL_HOSTS) {
  t.test(`§16 Host "${value.replace(String(port), 'PORT')}" is a 403`, async (t) => {
    t.equal(await statusOf([`Host: ${value}`]), 403)
  })
}

t.test('§16 no Host is a 403, in HTTP/1.1 and HTTP/1.0', async (t) => {
  t.equal(await statusOf([], { version: '1.1' }), 403)
  t.equal(await statusOf([], { version: '1.0' }), 403)
})

t.test('§16 HTTP/1.0 with a Host is served', async (t) => {
  t.equal(await statusOf([host], { version: '1.0' }), 200)
})

t.test('§16 more than one Host is a 403, whatever they say', async (t) => {
  for (const second of ['evil.example', here, '']) {
    t.equal(await statusOf([host, `Host: ${second}`]), 403, second)
    t.equal(await statusOf([`Host: ${second}`, `hOST: ${here}`]), 403, second)
  }
})

t.test('§16 a host name that was not allowed by --allow-host is a 403', async (t) => {
  const plain = await ownHub(t)
  const ask = (name: string) =>
    speak(plain.url, `GET /v1/hub-info HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`)
  t.equal((await ask('arc.example')).status, 403)
  t.equal((await ask('localhost')).status, 200)
})

for (const [value, origin] of [
  [here, `http://${here}`],
  [here, `https://${here}`],
  [`localhost:${port}`, `http://localhost:${port}`],
  ['localhost', 'https://localhost'],
  [`[::1]:${port}`, `http://[::1]:${port}`],
  ['arc.example:8443', 'https://arc.example:8443'],
] as const) {
  const name = `${origin} with Host ${value}`.replaceAll(String(port), 'PORT')
  t.test(`§16 the Origin ${name} is accepted`, async (t) => {
    t.equal(await statusOf([`Host: ${value}`, `Origin: ${origin}`]), 200)
    const body = { from_agent: 'page', body: 'hello' }
    const lines = [`Host: ${value}`, `Origin: ${origin}`]
    t.equal(await statusOf(lines, { method: 'POST', path: '/v1/messages', body }), 201)
  })
}

const EVIL_ORIGINS = [
  'http://evil.example',
  'https://evil.example',
  'null',
  '',
  `http://127.0.0.1:${port + 1}`,
  'http://127.0.0.1',
  `http://localhost:${port}`,
  `http://${here}.evil.example`,
  `http://${here}/`,
  `http://evil.example@${here}`,
  `ftp://${here}`,
  `file://${here}`,
  here,
  `http://${here}, http://evil.example`,
  `http://${here} http://evil.example`,
]

for (const origin of EVIL_ORIGINS) {
  t.test(`§16 the Origin "${origin.replaceAll(String(port), 'PORT')}" is a 403`, async (t) => {
    t.equal(await statusOf([host, `Origin: ${origin}`]), 403)
  })
}

t.test('§16 more than one Origin is a 403', async (t) => {
  for (const second of ['http://evil.example', `http://${here}`, 'null']) {
    t.equal(await statusOf([host, `Origin: http://${here}`, `Origin: ${second}`]), 403)
    t.equal(await statusOf([host, `Origin: ${second}`, `Origin: http://${here}`]), 403)
  }
})

const visit = ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document']

for (const site of ['cross-site', 'same-site']) {
  const from = [host, `Sec-Fetch-Site: ${site}`]

  t.test(`§16 Sec-Fetch-Site ${site} is a 403`, async (t) => {
    t.equal(await statusOf(from), 403)
    t.equal(await statusOf(from, { path: '/' }), 403, 'on the dashboard as well')
    t.equal(await statusOf([...from, `Origin: http://${here}`]), 403, 'even with the right Origin')
  })

  t.test(`§16 ${site}: a top-level navigation to / is served`, async (t) => {
    t.equal(await statusOf([...from, ...visit], { path: '/' }), 200)
  })

  t.test(`§16 ${site}: a navigation to any other path is a 403`, async (t) => {
    for (const path of ['/v1/hub-info', '/v1/messages?channel=general', '/v1/stream?agent_id=a', '//']) {
      t.equal(await statusOf([...from, ...visit], { path }), 403, path)
    }
  })

  t.test(`§16 ${site}: a frame, an image or a script of / is a 403`, async (t) => {
    for (const [mode, dest] of [
      ['navigate', 'iframe'],
      ['navigate', 'frame'],
      ['navigate', 'object'],
      ['no-cors', 'image'],
      ['no-cors', 'script'],
      ['cors', 'empty'],
      ['cors', 'document'],
    ]) {
      const lines = [...from, `Sec-Fetch-Mode: ${mode}`, `Sec-Fetch-Dest: ${dest}`]
      t.equal(await statusOf(lines, { path: '/' }), 403, `${mode} ${dest}`)
    }
  })

  t.test(`§16 ${site}: a navigation to / with an evil Host or Origin is a 403`, async (t) => {
    const line = `Sec-Fetch-Site: ${site}`
    t.equal(await statusOf(['Host: evil.example', line, ...visit], { path: '/' }), 403)
    t.equal(await statusOf([...from, ...visit, 'Origin: http://evil.example'], { path: '/' }), 403)
  })
}

for (const site of ['same-origin', 'none']) {
  t.test(`§16 Sec-Fetch-Site ${site} is served`, async (t) => {
    t.equal(await statusOf([host, `Sec-Fetch-Site: ${site}`]), 200)
  })
}

t.test('§16 a refusal is an ordinary failure: JSON, with a code, naming the instance', async (t) => {
  for (const lines of [
    ['Host: evil.example'],
    [host, 'Origin: null'],
    [host, 'Sec-Fetch-Site: cross-site'],
  ]) {
    const reply = await send(lines)
    const headers = new Map(reply.headers)
    t.match(headers.get('content-type'), /^application\/json\b/)
    t.equal(headers.get('x-arc-instance'), hub.info.instance_id)
    t.match(JSON.parse(reply.text), { ok: false, error: /\S/, code: /^[a-z_]+$/ })
  }
})

const ROUTES: [string, string][] = [
  ['GET', '/'],
  ['GET', '/nowhere'],
  ['PUT', '/v1/messages'],
  ['OPTIONS', '/v1/messages'],
  ['HEAD', '/'],
  ...['hub-info', 'agents', 'bootstrap?agent_id=a', 'channels', 'messages?channel=general', 'messages'].map(
    route('GET'),
  ),
  ...['events?agent_id=a', 'stream?agent_id=a', 'inbox/a', 'threads', 'threads/none'].map(route('GET')),
  ...['claims', 'locks', 'tasks', 'tasks?status=bad', 'shutdown', 'status'].map(route('GET')),
  ...['sessions', 'sessions/a/rename', 'channels', 'messages', 'tasks/0/complete', 'tasks/x/complete'].map(
    route('POST'),
  ),
  ...['claims', 'claims/refresh', 'claims/release', 'locks', 'locks/refresh', 'locks/release'].map(
    route('POST'),
  ),
  ...['shutdown', 'shutdown/cancel', 'network'].map(route('POST')),
  ...['sessions/none'].map(route('DELETE')),
]

function route(method: string): (path: string) => [string, string] {
  return (path) => [method, `/v1/${path}`]
}

for (const [method, path] of ROUTES) {
  t.test(`§16 the guard stands before ${method} ${path}`, async (t) => {
    t.equal(await statusOf(['Host: evil.example'], { method, path }), 403)
    t.equal(await statusOf([host, 'Origin: http://evil.example'], { method, path }), 403)
    t.equal(await statusOf([host, 'Sec-Fetch-Site: cross-site'], { method, path }), 403)
  })
}

t.test('§16 the guard stands before the body is read', async (t) => {
  const ask = (framing: string, body: string) =>
    speak(
      hub.url,
      `POST /v1/messages HTTP/1.1\r\nHost: evil.example\r\n${framing}\r\nConnection: close\r\n\r\n${body}`,
    )
  t.equal((await ask('Content-Length: 3', '{{{')).status, 403, 'invalid JSON')
  t.equal((await ask('Content-Length: 999999999', '')).status, 403, 'a body far too large that never comes')
})

const isCors = ([name]: readonly [string, string]) => name.startsWith('access-control-')

t.test('§16 no CORS header is ever sent', async (t) => {
  const own = [host, `Origin: http://${here}`]
  const foreign = [host, 'Origin: http://evil.example']
  const asks = ['Access-Control-Request-Method: POST', 'Access-Control-Request-Headers: content-type']
  const body = { from_agent: 'page', body: 'x' }
  const replies: [string, RawReply][] = []
  for (const [name, lines] of [
    ['own', own],
    ['foreign', foreign],
    ['none', [host]],
  ] as const) {
    replies.push([`GET, ${name} origin`, await send(lines)])
    replies.push([`the dashboard, ${name} origin`, await send(lines, { path: '/' })])
    replies.push([`POST, ${name} origin`, await send(lines, { method: 'POST', path: '/v1/messages', body })])
    replies.push([
      `a preflight, ${name} origin`,
      await send([...lines, ...asks], { method: 'OPTIONS', path: '/v1/messages' }),
    ])
    replies.push([`404, ${name} origin`, await send(lines, { path: '/nowhere' })])
  }
  for (const [name, { headers }] of replies) t.strictSame(headers.filter(isCors), [], name)
})

t.test('§16 a preflight is never granted', async (t) => {
  const asks = ['Access-Control-Request-Method: POST']
  for (const origin of [`http://${here}`, 'http://evil.example']) {
    const status = await statusOf([host, `Origin: ${origin}`, ...asks], {
      method: 'OPTIONS',
      path: '/v1/messages',
    })
    t.ok(status >= 400, `${status}`)
  }
})

const REFUSALS: [string, string[], string?][] = [
  ['an evil Host', ['Host: evil.example']],
  ['a Host that begins like loopback', ['Host: 127.0.0.1.evil.example']],
  ['an empty Host', ['Host:']],
  ['no Host', []],
  ['no Host in HTTP/1.0', [], '1.0'],
  ['two Hosts', [host, 'Host: evil.example']],
  ['the same Host twice', [host, host]],
  ['a foreign Origin', [host, 'Origin: http://evil.example']],
  ['the Origin null', [host, 'Origin: null']],
  ["another port's Origin", [host, `Origin: http://127.0.0.1:${port + 1}`]],
  ['two Origins', [host, `Origin: http://${here}`, 'Origin: http://evil.example']],
  ['cross-site', [host, 'Sec-Fetch-Site: cross-site']],
  ['same-site', [host, 'Sec-Fetch-Site: same-site']],
  ['a cross-site navigation', [host, 'Sec-Fetch-Site: cross-site', ...visit]],
]

for (const [name, lines, version = '1.1'] of REFUSALS) {
  t.test(`§16 what is refused has no effect: ${name}`, async (t) => {
    const victim = await join(hub, unique('victim'))
    const witness = await join(hub, unique('witness'))
    const [thread_id, file_path] = [unique('thread'), unique('path')]
    const attack = async () => {
      const { agent_id } = victim
      const post = (path: string, body: unknown) => statusOf(lines, { method: 'POST', path, body, version })
      return [
        await post('/v1/messages', { from_agent: agent_id, body: 'evil', thread_id }),
        await post('/v1/locks', { agent_id, file_path }),
        await post(`/v1/sessions/${agent_id}/rename`, { display_name: 'evil' }),
        await statusOf(lines, { path: `/v1/events?agent_id=${agent_id}`, version }),
        await statusOf(lines, { path: `/v1/agents?as=${agent_id}`, version }),
        await statusOf(lines, { method: 'DELETE', path: `/v1/sessions/${victim.session_id}`, version }),
      ]
    }
    // The witness's touches, each made after an attack, show that the attacks' own would have arrived by now.
    const seen = (session: Session | undefined) => Date.parse(session?.last_seen ?? '')
    await until('two later seconds of the witness', async () => {
      t.strictSame([...new Set(await attack())], [403])
      await say(hub, { from_agent: witness.agent_id, thread_id: `${thread_id}-witness` })
      return seen(await sessionOf(hub, witness.agent_id)) >= seen(witness) + 2_000
    })
    t.strictSame(await sessionOf(hub, victim.agent_id), victim, 'the session is as it was')
    t.strictSame(await broadcastsIn(hub, thread_id), [], 'no message')
    t.strictSame((await hub.get('/v1/locks', { agent_id: victim.agent_id })).result, [], 'no lock')
  })
}
