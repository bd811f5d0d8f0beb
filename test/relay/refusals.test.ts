// A file that is no request, of every kind: its answer says so in the words that a client of the reference hub looks for, and
// what is wrong with it. By the hub's own relay, and by one that stands alone.

import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Relay } from '../../src/relay/standalone.js'
import { ownFolder } from '../support/folder.js'
import { startTestHub } from '../support/hub.js'
import { RawAgent } from '../support/raw-agent.js'

const get = (path: string) => ({ method: 'GET', path })

/** What a file holds, and what its answer says of it. */
const TEXTS: [what: string, content: string | Uint8Array | object, says: RegExp][] = [
  ['nothing', '', /valid JSON/],
  ['words', 'hello', /valid JSON/],
  ['half of a request', '{"method":"GET",', /valid JSON/],
  ['a list', [], /JSON object/],
  ['null', 'null', /JSON object/],
  ['no method', { path: '/v1/hub-info' }, /method must be/],
  ['an empty method', { method: '', path: '/v1/hub-info' }, /method must be/],
  ['no path', { method: 'GET' }, /path must be/],
  ['a path that is a URL', get('http://127.0.0.1/v1/hub-info'), /path must be/],
  ['a path that is too long', get(`/${'x'.repeat(16_384)}`), /path must be at most/],
  ['a body that is a list', { method: 'POST', path: '/v1/messages', body: [] }, /body must be/],
  ['a GET that is too long', { ...get('/v1/hub-info'), more: 'x'.repeat(65_536) }, /a GET has no body/],
  ['levels without end', `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`, /100 levels/],
  ['a number without end', '{"method":"POST","path":"/","body":{"n":1e999}}', /give it as a string/],
  ['bytes that are no text', Uint8Array.of(0x7b, 0xff, 0x7d), /not valid UTF-8/],
  ['UTF-16', Buffer.from('\ufeff{}', 'utf16le'), /UTF-16/],
  ['too many bytes', ' '.repeat(9_000_000), /larger than/],
]

/** Things that are not files of one's own. */
const THINGS: [what: string, make: (path: string) => void, says: RegExp][] = [
  ['a symbolic link', (path) => symlinkSync('/etc/hostname', path), /symbolic link/],
  ['a folder', (path) => mkdirSync(path), /not a regular file/],
  [
    'a file with two names',
    (path) => {
      writeFileSync(`${path}.other`, '{}')
      linkSync(`${path}.other`, path)
    },
    /more than one name/,
  ],
]

async function ownRelay(t: Test): Promise<string> {
  const spoolDir = join(ownFolder(t), 'spool')
  await startTestHub(t, { spoolDir })
  return spoolDir
}

async function standalone(t: Test): Promise<string> {
  const hub = await startTestHub(t)
  const spoolDir = ownFolder(t)
  const onFailure = (error: Error) => {
    throw error
  }
  const relay = new Relay({ baseUrl: hub.url, spoolDir, log: () => {}, onFailure })
  await relay.start()
  t.teardown(() => relay.stop())
  return spoolDir
}

// Both are there before the first test: the file would end when the tests of one are done.
const spools = { 'the hub': await ownRelay(t), 'a relay that stands alone': await standalone(t) }
for (const [host, spool] of Object.entries(spools)) {
  const agent = new RawAgent(spool, 'a')
  const refused = async (t: Test, stem: string, says: RegExp) => {
    const response = await agent.response(stem)
    t.match(response, { ok: false, status: 400, code: 'invalid_request', error: /^invalid relay request: / })
    t.match(response.error, says)
    t.notOk('body' in response, 'no hub has answered')
  }

  for (const [what, content, says] of TEXTS) {
    t.test(`${host} answers a file that holds ${what} with "invalid relay request"`, async (t) => {
      const stem = agent.nextStem()
      const isText = typeof content === 'string' || content instanceof Uint8Array
      agent.put(`${stem}.json`, isText ? content : JSON.stringify(content))
      await refused(t, stem, says)
    })
  }

  for (const [what, make, says] of THINGS) {
    t.test(`${host} answers ${what} with "invalid relay request"`, async (t) => {
      const stem = agent.nextStem()
      make(join(agent.requests, `${stem}.json`))
      await refused(t, stem, says)
    })
  }

  t.test(`${host} has no page and no stream for files, and says so`, async (t) => {
    for (const path of ['/', '/?a=b', '/assets/x.js']) {
      const { status, body } = await agent.ask('GET', path)
      t.match({ status, body }, { status: 404, body: { ok: false, code: 'not_found' } }, path)
    }
    const { status, error } = await agent.ask('GET', '/v1/stream?agent_id=a')
    t.match({ status, error }, { status: 400, error: /a stream needs a connection/ })
  })
}
