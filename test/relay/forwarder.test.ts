// What a stand-alone relay makes of a hub that misbehaves, request by request: what it sends again and what
// it never does, and what it says where nobody can know. The hub is a scripted one; the folder, the relay
// and the sockets are real.

import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { CLAIMED, RESPONSE, SUBMITTED } from '../../src/fsqueue/layout.js'
import { Submitter } from '../../src/fsqueue/submit.js'
import type { RelayResponse } from '../../src/protocol/relay.js'
import { Relay, type RelayOptions } from '../../src/relay/standalone.js'
import { type Exchange, OUR_HUB, REFERENCE_HUB, type ScriptedHub, scriptedHub } from '../sdk/scripted-hub.js'
import { ownFolder } from '../support/folder.js'
import { steadyPort } from '../support/ports.js'
import { until } from '../support/waiting.js'

t.jobs = 4

const POST = { method: 'POST', path: '/v1/messages', body: { from_agent: 'me', body: 'hello' } }
const GET = { method: 'GET', path: '/v1/agents', body: null }

interface Folder {
  /** Writes a request file; `claimed`: as a relay that has died would have left it. */
  submit(stem: string, request: object, claimed?: 'claimed'): void
  /** Its response as text, as soon as it is there. */
  responseText(stem: string): Promise<string>
  response(stem: string): Promise<RelayResponse>
  /** Resolves when a relay has taken the request. */
  claimed(stem: string): Promise<unknown>
  start(options?: Partial<RelayOptions>): Promise<Relay>
}

function folderFor(t: Test, hub: Pick<ScriptedHub, 'url'>, queue = 'me'): Folder {
  const spoolDir = join(ownFolder(t), 'spool')
  mkdirSync(spoolDir)
  const files = new Submitter(spoolDir, queue)
  files.prepare()
  const responseText = (stem: string) =>
    until(`the response ${stem}${RESPONSE}`, () => files.readResponse(stem))
  return {
    responseText,
    response: async (stem) => JSON.parse(await responseText(stem)),
    claimed: (stem) =>
      until(`${stem} to be taken`, () => existsSync(join(spoolDir, 'requests', queue, stem + CLAIMED))),
    submit: (stem, request, claimed) => {
      const envelope = { request_id: stem, agent_id: queue, created_at: new Date().toISOString(), ...request }
      files.submit(stem, JSON.stringify(envelope))
      const path = join(spoolDir, 'requests', queue, stem)
      if (claimed) renameSync(path + SUBMITTED, path + CLAIMED)
    },
    start: async (options) => {
      const onFailure = (error: Error) => {
        throw error
      }
      const relay = new Relay({ baseUrl: hub.url, spoolDir, log: () => {}, onFailure, ...options })
      relay.start()
      t.teardown(() => relay.stop())
      return relay
    },
  }
}

/** Answers hub-info; `script` the rest. */
const announcing = (info: object, script: (x: Exchange) => void) => (x: Exchange) =>
  x.path === '/v1/hub-info' ? x.ok({ implementation: 'scripted', instance_id: 'mh1-0', ...info }) : script(x)

const posts = (hub: ScriptedHub) => hub.of('POST /v1/messages')

t.test(
  'a POST whose connection broke is not sent twice to a hub without keys: the outcome is unknown',
  async (t) => {
    const hub = await scriptedHub(
      t,
      announcing(REFERENCE_HUB, (x) => x.drop()),
    )
    const folder = folderFor(t, hub)
    await folder.start()
    folder.submit('one', POST)
    const response = await folder.response('one')
    t.match(response, { ok: false, status: 599, code: 'hub_lost', error: /outcome unknown.*may or may not/ })
    t.notOk('body' in response, 'no hub has answered')
    t.equal(posts(hub).length, 1)
  },
)

t.test('a POST whose connection broke is sent again, with its key, to a hub that knows keys', async (t) => {
  const hub = await scriptedHub(
    t,
    announcing(OUR_HUB, (x) => (x.nth < 3 ? x.drop() : x.ok({ id: 7 }))),
  )
  const folder = folderFor(t, hub)
  await folder.start()
  folder.submit('one', POST)
  t.match(await folder.response('one'), { ok: true, status: 200, body: { ok: true, result: { id: 7 } } })
  t.equal(posts(hub).length, 3)
  t.equal(new Set(posts(hub).map(({ key }) => key)).size, 1)
  t.match(posts(hub)[0]?.key, /^relay-[A-Za-z0-9_-]{43}$/)
})

t.test('a key belongs to one folder and stem', async (t) => {
  const hub = await scriptedHub(
    t,
    announcing(OUR_HUB, (x) => x.ok({})),
  )
  const [mine, yours] = [folderFor(t, hub), folderFor(t, hub, 'you')]
  for (const folder of [mine, yours]) {
    await folder.start()
    folder.submit('one', POST)
    folder.submit('two', { ...POST, method: 'DELETE' })
    await folder.response('one')
    await folder.response('two')
  }
  const keys = hub.seen.filter(({ method }) => method !== 'GET').map(({ key }) => key)
  t.equal(new Set(keys).size, 4)
})

t.test('a POST that a dead relay had claimed is not sent to a hub without keys', async (t) => {
  const hub = await scriptedHub(
    t,
    announcing(REFERENCE_HUB, (x) => x.ok({})),
  )
  const folder = folderFor(t, hub)
  folder.submit('one', POST, 'claimed')
  folder.submit('two', GET, 'claimed')
  await folder.start()
  t.match(await folder.response('one'), {
    ok: false,
    status: 599,
    code: 'hub_lost',
    error: /outcome unknown/,
  })
  t.match(await folder.response('two'), { ok: true, status: 200 }, 'a read is simply done')
  t.equal(posts(hub).length, 0)
})

t.test('a POST that a dead relay had claimed is sent, with its key, to a hub that knows keys', async (t) => {
  const hub = await scriptedHub(
    t,
    announcing(OUR_HUB, (x) => x.ok({ key: x.key })),
  )
  const before = folderFor(t, hub)
  await before.start()
  before.submit('one', POST)
  const first = await before.response('one')
  const folder = folderFor(t, hub)
  folder.submit('one', POST, 'claimed')
  await folder.start()
  t.same((await folder.response('one')).body, first.body, 'the key that the other relay would have used')
})

t.test(
  'a refusal to work for now (503) is delivered by a hub without keys, and outwaited with one that knows keys',
  async (t) => {
    for (const [info, status, tries] of [
      [REFERENCE_HUB, 503, 1],
      [OUR_HUB, 200, 2],
    ] as const) {
      const hub = await scriptedHub(
        t,
        announcing(info, (x) => (x.nth === 1 ? x.fail(503, { error: 'busy' }) : x.ok({}))),
      )
      const folder = folderFor(t, hub)
      await folder.start()
      folder.submit('one', POST)
      t.match(await folder.response('one'), { status })
      t.equal(posts(hub).length, tries)
    }
  },
)

t.test(
  'a request past its time-to-live is refused and not sent; one that was claimed before, in doubt',
  async (t) => {
    const hub = await scriptedHub(
      t,
      announcing(OUR_HUB, (x) => x.ok({})),
    )
    const folder = folderFor(t, hub)
    const created_at = new Date(Date.now() - 601_000).toISOString()
    folder.submit('one', { ...POST, created_at })
    folder.submit('two', { ...GET, created_at })
    folder.submit('three', { ...POST, created_at }, 'claimed')
    await folder.start()
    for (const stem of ['one', 'two'])
      t.match(await folder.response(stem), { status: 408, body: { ok: false, code: 'request_expired' } })
    t.match(await folder.response('three'), { status: 599, code: 'hub_lost' })
    t.strictSame(
      hub.seen.filter(({ path }) => path !== '/v1/hub-info'),
      [],
    )
  },
)

t.test('an answer is passed on as another implementation has written it', async (t) => {
  const text = '{"result": {"n": 12345678901234567890},\n "ok": true}'
  const hub = await scriptedHub(
    t,
    announcing(REFERENCE_HUB, (x) => x.raw(201, 'application/json', text)),
  )
  const folder = folderFor(t, hub)
  await folder.start()
  folder.submit('one', POST)
  t.ok((await folder.responseText('one')).includes(`"body":${text}`))
  t.match(await folder.response('one'), { ok: true, status: 201 })
})

t.test('a poll is sent once with its time to wait; when that breaks off, it becomes a look', async (t) => {
  const hub = await scriptedHub(
    t,
    announcing(REFERENCE_HUB, (x) => (x.nth === 1 ? x.drop() : x.ok([]))),
  )
  const folder = folderFor(t, hub)
  await folder.start()
  folder.submit('one', { method: 'GET', path: '/v1/events?agent_id=a%20b&timeout=30&since_id=4', body: null })
  t.match(await folder.response('one'), { ok: true, body: { result: [] } })
  t.strictSame(
    hub.of('GET /v1/events').map(({ query }) => Object.fromEntries(query)),
    [
      { agent_id: 'a b', timeout: '30', since_id: '4' },
      { agent_id: 'a b', since_id: '4' },
    ],
  )
})

t.test('what answers but is no hub is told apart from none', async (t) => {
  const hub = await scriptedHub(t, (x) => x.raw(200, 'text/html', '<h1>It works!</h1>'))
  const folder = folderFor(t, hub)
  await folder.start()
  folder.submit('one', GET)
  t.match(await folder.response('one'), { status: 599, code: 'bad_answer', error: /not an Arc hub/ })
})

t.test('a hub that does not answer in time leaves a POST in doubt and a GET undone', async (t) => {
  const hub = await scriptedHub(
    t,
    announcing(OUR_HUB, () => {}),
  )
  const folder = folderFor(t, hub)
  await folder.start({ requestTimeoutSec: 1 })
  folder.submit('one', POST)
  folder.submit('two', GET)
  t.match(await folder.response('one'), {
    status: 599,
    code: 'hub_lost',
    error: /did not answer.*within 1 s/,
  })
  t.match(await folder.response('two'), { status: 599, code: 'hub_unreachable' })
})

t.test('what a relay could not finish before it was stopped is finished by the next', async (t) => {
  const port = await steadyPort()
  const folder = folderFor(t, { url: `http://127.0.0.1:${port}` })
  const first = await folder.start()
  folder.submit('one', POST)
  await folder.claimed('one')
  await first.stop()
  const hub = await scriptedHub(
    t,
    announcing(OUR_HUB, (x) => x.ok({ id: 7 })),
    port,
  )
  await folder.start()
  t.match(await folder.response('one'), { ok: true, body: { result: { id: 7 } } })
  t.equal(posts(hub).length, 1)
})

t.test('what a relay to another hub had taken is in doubt: the keys of this one tell nothing', async (t) => {
  const folder = folderFor(t, { url: `http://127.0.0.1:${await steadyPort()}` })
  const first = await folder.start()
  folder.submit('one', POST)
  await folder.claimed('one')
  await first.stop()
  const hub = await scriptedHub(
    t,
    announcing(OUR_HUB, (x) => x.ok({})),
  )
  await folder.start({ baseUrl: hub.url })
  t.match(await folder.response('one'), { status: 599, code: 'hub_lost' })
  t.equal(posts(hub).length, 0)
})

t.test('two relays to one hub serve one folder together, each request once', async (t) => {
  const hub = await scriptedHub(
    t,
    announcing(OUR_HUB, (x) => x.ok(x.body)),
  )
  const folder = folderFor(t, hub)
  let serving = 0
  const log = (_level: string, message: string) => {
    if (message.startsWith('relay serves')) serving++
  }
  await Promise.all([folder.start({ log }), folder.start({ log })])
  await until('both to serve', () => serving === 2) // one that starts takes up what lies there unanswered
  const stems = Array.from({ length: 100 }, (_, i) => `request-${i}`)
  for (const stem of stems) folder.submit(stem, { ...POST, body: { stem } })
  for (const stem of stems) t.match((await folder.response(stem)).body, { result: { stem } })
  t.equal(posts(hub).length, stems.length)
})
