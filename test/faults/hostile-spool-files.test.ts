// PROTOCOL §10: what a sandbox may put among its requests instead of a request. Each gets an answer that
// says what was refused, and neither harms the hub, nor anything outside the spool, nor whoever else is there.

import { execFileSync } from 'node:child_process'
import {
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Arena } from '../support/arena.js'
import type { RawAgent } from '../support/raw-agent.js'
import { until } from '../support/waiting.js'

const asRoot = process.getuid?.() === 0 ? false : 'making devices needs root'
const onLinux = process.platform === 'linux' ? false : 'checked on Linux'

const arena = await Arena.enter(t)
let evils = 0
const anotherEvil = () => arena.agent(`evil-${evils++}`)

/** Lets the test put something among evil's requests, and expects a 400 that says what it was. */
function refuses(
  title: string,
  error: RegExp,
  put: (evil: RawAgent, path: string, t: Test) => unknown,
  skip: false | string = false,
): void {
  t.test(title, { skip }, async (t) => {
    const evil = anotherEvil()
    await put(evil, join(evil.requests, 'x.json'), t)
    const response = await evil.response('x')
    t.match(response, { request_id: 'x', ok: false, status: 400, error, completed_at: /Z$/ })
    t.notOk('body' in response, 'no hub has answered')
    t.ok(evil.listing().includes('x.work'), 'it stays where it was, claimed')
    t.equal((await evil.ask('GET', '/v1/hub-info')).status, 200, 'the agent itself is served as before')
    await arena.unharmed(t)
  })
}

refuses('a symbolic link to a secret', /symbolic link/, (_, path) => symlinkSync(arena.secret, path))

refuses('a symbolic link that leads nowhere', /symbolic link/, (_, path) => symlinkSync('nowhere', path))

refuses('a symbolic link to a device that never ends', /symbolic link/, (_, path) =>
  symlinkSync('/dev/zero', path),
)

refuses('a second name of a secret', /hard links/, (_, path) => linkSync(arena.secret, path))

refuses(
  'a FIFO that nobody writes to',
  /not a regular file/,
  (_, path) => execFileSync('mkfifo', [path]),
  onLinux,
)

refuses(
  'a device',
  /not a regular file/,
  (_, path) => execFileSync('mknod', [path, 'c', '1', '5']),
  asRoot || onLinux,
)

refuses('a socket', /not a regular file/, async (_, path, t) => {
  const server = createServer()
  t.teardown(() => server.close())
  // The path of a socket may have no more than 107 bytes: it is bound elsewhere and moved.
  await new Promise<void>((resolve) => server.listen(`${path}.sock`, resolve))
  renameSync(`${path}.sock`, path)
})

refuses('a folder', /not a regular file/, (evil, path) => {
  mkdirSync(join(evil.requests, 'folder', 'and', 'more'), { recursive: true })
  renameSync(join(evil.requests, 'folder'), path)
})

refuses('a file of 1 GiB', /larger than \d+ bytes/, (evil, path) => {
  evil.put('big', '')
  truncateSync(join(evil.requests, 'big'), 2 ** 30)
  renameSync(join(evil.requests, 'big'), path)
})

refuses('an empty file', /valid JSON/, (evil) => evil.put('x.json', ''))

refuses('JSON that ends too soon', /valid JSON/, (evil) =>
  evil.put('x.json', evil.envelope('GET', '/v1/hub-info').slice(0, -1)),
)

refuses('bytes that are no UTF-8', /valid UTF-8/, (evil) =>
  evil.put('x.json', Buffer.from([...Buffer.from('{"method":"GET","path":"/'), 0xff, 0xc0, 0x22, 0x7d])),
)

refuses('200,000 nested lists', /100 levels deep/, (evil) =>
  evil.put('x.json', `${'['.repeat(200_000)}${']'.repeat(200_000)}`),
)

refuses('a path longer than HTTP would take', /path must be at most/, (evil) =>
  evil.submit('GET', `/v1/${'x'.repeat(1_000_000)}`, { stem: 'x' }),
)

t.test('objects nested 200,000 levels deep are refused wherever they stand', async (t) => {
  const evil = anotherEvil()
  const deep = `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`
  const envelope = {
    method: 'POST',
    path: '/v1/messages',
    body: { from_agent: 'evil', body: 'b', metadata: 0 },
  }
  const bodies = {
    metadata: JSON.stringify(envelope).replace('"metadata":0', `"metadata":${deep}`),
    attachment: JSON.stringify(envelope).replace(
      '"metadata":0',
      `"attachments":[{"type":"json","content":${deep}}]`,
    ),
    field: JSON.stringify(envelope).replace('"from_agent":"evil"', `"from_agent":${deep}`),
    envelope: `{"method":${deep},"path":"/","body":null}`,
  }
  for (const [where, text] of Object.entries(bodies)) {
    evil.put(`${where}.json`, text)
    const { status, error } = await evil.response(where)
    t.equal(status, 400, `in ${where}: ${error}`)
  }
  await arena.unharmed(t)
})

t.test('__proto__, constructor and the like are names as any other', async (t) => {
  const evil = anotherEvil()
  evil.put(
    'inherited.json',
    '{"__proto__":{"method":"POST","path":"/v1/messages","body":{"from_agent":"evil","body":"x"}}}',
  )
  t.match(await evil.response('inherited'), { status: 400, error: /method must be/ })
  const members = '"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}'
  evil.put(
    'body.json',
    `{"method":"POST","path":"/v1/messages",${members},"body":{"from_agent":"evil","body":"x",${members},` +
      `"metadata":{${members}}}}`,
  )
  t.equal((await evil.response('body')).status, 201)
  for (const path of [
    '/__proto__',
    '/constructor',
    '/v1/__proto__',
    '/v1/inbox/__proto__',
    '/v1/threads/constructor',
  ]) {
    const { status } = await evil.ask('GET', path)
    t.equal(status, path.includes('inbox') ? 200 : 404, path)
  }
  t.equal((await evil.ask('__proto__', '/v1/messages')).status, 405)
  t.equal((await evil.ask('GET', '/v1/agents?__proto__=1&constructor=2')).status, 200)
  const info = await evil.ask<object>('GET', '/v1/hub-info')
  t.notOk(JSON.stringify(info).includes('polluted'))
  await arena.unharmed(t)
})

t.test('an id with NUL, a lone surrogate or control characters is text, in and out', async (t) => {
  const evil = anotherEvil()
  const ids = [
    '\u0000',
    'a\u0000b',
    '\ud800',
    '\u001b[2J\u009b2J',
    '../../outside/secret',
    'x'.repeat(10_000),
  ]
  for (const [i, id] of ids.entries()) {
    const stem = `id-${i}`
    evil.submit('GET', '/v1/hub-info', { stem, members: { request_id: id, agent_id: id } })
    const { request_id, status } = await evil.response(stem)
    t.strictSame([request_id, status], [id === '\ud800' ? '\ufffd' : id, 200])
  }
  const named = { from_agent: 'a\u0000b', to_agent: 'd', body: 'x' }
  t.equal((await evil.ask('POST', '/v1/messages', { body: named })).status, 400, 'names hold no NUL')
  const body = { from_agent: 'a\u001bb', to_agent: 'd', body: '\u0000' }
  t.equal((await evil.ask('POST', '/v1/messages', { body })).status, 201)
  const inbox = await evil.ask<unknown[]>('GET', '/v1/inbox/d')
  t.match(inbox.body?.result, [{ from_agent: 'a\u001bb', body: '\u0000' }])
  await arena.unharmed(t)
})

t.test('paths that would climb lead nowhere', async (t) => {
  const evil = anotherEvil()
  const climbing = [
    '/../secret.json',
    '/v1/../../outside/secret.json',
    '//outside/secret.json',
    '/%2e%2e/outside',
  ]
  for (const path of [
    ...climbing,
    '/v1/inbox/%zz',
    '/\\outside',
    '/v1/threads/..%2f..%2fsecret',
    '/?',
    '/#',
  ]) {
    const { status } = await evil.ask('GET', path)
    t.ok(status === 404 || status === 400, `${path} gets ${status}`)
  }
  await arena.unharmed(t)
})

const ODD_NAMES = [
  '...x',
  '-rf',
  'a\nb',
  '\u001b[31mred',
  'a b',
  '%00',
  '%2e%2e%2f',
  'a\\..\\b',
  '*?[x]{y}',
  '~',
  'x.json',
  'x.work',
  'x.cancelled',
  'ü'.repeat(10),
  '\u202egnp',
]

t.test('odd names of files are names as any other', async (t) => {
  const evil = anotherEvil()
  // A name that begins with a dot is a temporary file, whatever follows.
  const visible = ODD_NAMES.filter((name) => !name.startsWith('.'))
  for (const stem of ODD_NAMES) evil.submit('GET', '/v1/hub-info', { stem })
  for (const stem of visible) t.equal((await evil.response(stem)).status, 200, JSON.stringify(stem))
  t.ok(evil.listing().includes('...x.json'), 'hidden files are left alone')
  t.notOk(evil.hasResponse('...x'))
  await arena.unharmed(t)
})

t.test('names of 255 bytes are answered', async (t) => {
  const evil = anotherEvil()
  const longest = ['x'.repeat(250), 'ü'.repeat(125), '€'.repeat(83), '😀'.repeat(62)]
  for (const stem of longest) {
    // The client's own temporary name would be too long: it is put there in one step.
    evil.put('tmp', evil.envelope('GET', '/v1/hub-info'))
    renameSync(join(evil.requests, 'tmp'), join(evil.requests, `${stem}.json`))
    t.equal((await evil.response(stem)).status, 200, `${Buffer.byteLength(stem) + 5} bytes`)
    // Again, so that the file can't be claimed and is moved aside, under a name that must not be longer.
    evil.put('tmp', evil.envelope('POST', '/v1/messages'))
    renameSync(join(evil.requests, 'tmp'), join(evil.requests, `${stem}.json`))
    await until('it to be moved aside', () => !evil.listing().includes(`${stem}.json`))
  }
  await arena.unharmed(t)
})

t.test(
  'a name that is no UTF-8 is moved aside once, not looked at for ever',
  { skip: onLinux },
  async (t) => {
    const evil = anotherEvil()
    const name = Buffer.concat([
      Buffer.from(`${evil.requests}/`),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('.json'),
    ])
    const descriptor = openSync(name, 'wx')
    writeSync(descriptor, evil.envelope('GET', '/v1/hub-info'))
    closeSync(descriptor)
    t.equal((await evil.ask('GET', '/v1/hub-info')).status, 200)
    await until('it to be moved aside', () => !evil.listing().some((file) => file.includes('\ufffd')))
    await arena.logs(/evil.*not.*UTF-8/)
    await arena.unharmed(t)
  },
)

t.test('names in the log can do nothing to a terminal', async (t) => {
  mkdirSync(join(arena.spool, 'requests', 'odd\n\u001b[2J\u009b2J'))
  await arena.logs(/odd/)
  const told = arena.logged(/odd/).join('')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  t.notMatch(JSON.parse(told).msg, /[\u0000-\u001f\u007f-\u009f]/)
  await arena.unharmed(t)
})

t.test('a response that is there before the request is replaced, whatever it is', async (t) => {
  const evil = anotherEvil()
  const { secret, outside } = arena
  mkdirSync(evil.responses, { recursive: true })
  symlinkSync(secret, join(evil.responses, 'link.json'))
  symlinkSync(join(outside, 'new'), join(evil.responses, 'dangling.json'))
  linkSync(secret, join(evil.responses, 'hard.json'))
  mkdirSync(join(evil.responses, 'folder.json', 'full'), { recursive: true })
  mkdirSync(join(evil.responses, 'empty.json'))
  if (!onLinux) execFileSync('mkfifo', [join(evil.responses, 'fifo.json')])
  for (const stem of ['link', 'dangling', 'hard', 'folder', 'empty', 'fifo']) {
    evil.submit('GET', '/v1/hub-info', { stem })
    const path = join(evil.responses, `${stem}.json`)
    const isAnswered = () => {
      const entry = lstatSync(path, { throwIfNoEntry: false })
      return entry?.isFile() && entry.nlink === 1
    }
    await until(`${stem} to be answered`, isAnswered)
    t.equal((await evil.response(stem)).status, 200, stem)
  }
  await arena.unharmed(t)
})

t.test('all the time the others were served', (t) => arena.leave(t))
