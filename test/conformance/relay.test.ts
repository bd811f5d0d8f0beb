// PROTOCOL §10, step by step, by files alone: what a client of the reference hub writes and reads, against a
// hub of ours with a spool. No SDK takes part.

import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Message } from '../../src/protocol/objects.js'
import { agentFolder } from '../../src/protocol/relay.js'
import { RawAgent } from '../support/raw-agent.js'
import { needsOwnHub, type OwnHub, ownFolder, ownHub } from './target.js'

if (needsOwnHub) {
  t.plan(0, needsOwnHub)
  process.exit()
}

const spool = join(await ownFolder(t), 'spool')
const target: OwnHub = await ownHub(t, { spoolDir: spool })
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/

const agent = (name: string) => new RawAgent(spool, name)

t.test('§10: the hub announces the relay and makes the spool', async (t) => {
  t.ok(target.announces('relay'))
  t.ok(target.announces('arc:relay_exactly_once'))
  for (const name of ['requests', 'responses']) t.ok(statSync(join(spool, name)).isDirectory(), name)
})

t.test('§10.1: a hidden temporary file is nothing until it is renamed', async (t) => {
  const a = agent('writer')
  writeFileSync(join(a.requests, '.one.tmp'), a.envelope('GET', '/v1/hub-info'))
  writeFileSync(join(a.requests, '.two.json'), a.envelope('GET', '/v1/hub-info'))
  writeFileSync(join(a.requests, 'three'), a.envelope('GET', '/v1/hub-info'))
  t.equal((await a.ask('GET', '/v1/hub-info', { stem: 'z' })).status, 200, 'what came later was served')
  t.strictSame(a.listing(), ['.one.tmp', '.two.json', 'three', 'z.work'])
  renameSync(join(a.requests, '.one.tmp'), join(a.requests, 'one.json'))
  t.equal((await a.response('one')).status, 200)
})

t.test('§10.2: a claimed request stays on disk as .work, as it was written', async (t) => {
  const a = agent('claimed')
  const stem = a.submit('GET', '/v1/hub-info')
  await a.response(stem)
  t.strictSame(a.listing(), [`${stem}.work`])
  const kept = JSON.parse(readFileSync(join(a.requests, `${stem}.work`), 'utf8'))
  t.match(kept, { request_id: stem, agent_id: 'claimed', method: 'GET', path: '/v1/hub-info', body: null })
})

t.test(
  '§10.3: a response has the members of the envelope, and the hub’s whole envelope as its body',
  async (t) => {
    const a = agent('reader')
    const { request_id, ok, status, body, completed_at, ...more } = await a.ask('GET', '/v1/hub-info', {
      stem: 'r1',
    })
    t.strictSame([request_id, ok, status], ['r1', true, 200])
    t.match(completed_at, RFC_3339)
    t.strictSame(body, (await target.get('/v1/hub-info')).json, 'what HTTP answers')
    t.notOk('error' in more, 'no error where there is none')
    t.strictSame(readdirSync(a.responses), ['r1.json'], 'nothing but the response is left')
  },
)

t.test('§10.3: request_id comes from the request, the name of the response from its file', async (t) => {
  const a = agent('named')
  a.submit('GET', '/v1/hub-info', { stem: 'stem', members: { request_id: 'another id' } })
  t.equal((await a.response('stem')).request_id, 'another id')
  a.put('no-id.json', JSON.stringify({ method: 'GET', path: '/v1/hub-info' }))
  t.match(
    await a.response('no-id'),
    { request_id: 'no-id', status: 200 },
    'where it has none, it is the stem',
  )
})

t.test('§10.4: what the hub refuses is a delivered answer, with its text and the same status', async (t) => {
  const a = agent('refused')
  await a.ask('POST', '/v1/sessions', { body: { agent_id: 'refused' } })
  const cases: [string, string, object | null, number][] = [
    ['POST', '/v1/messages', { body: 'nobody says it' }, 400],
    ['POST', '/v1/messages', { from_agent: 'refused', body: 'x', channel: 'nowhere' }, 400],
    ['GET', '/v1/messages', null, 400],
    ['GET', '/v1/nowhere', null, 404],
    ['GET', '/v1/messages?channel=nowhere', null, 404],
    ['POST', '/v1/claims/release', { claim_key: 'none', agent_id: 'refused' }, 404],
    ['POST', '/v1/sessions', { agent_id: 'refused' }, 409],
  ]
  for (const [method, path, body, status] of cases) {
    const overHttp = await target.call(method, path, body ?? undefined)
    const overFiles = await a.ask(method, path, { body })
    t.equal(overHttp.status, status, `${method} ${path}`)
    t.match(overFiles, { ok: false, status, error: overHttp.json.error, body: overHttp.json })
  }
})

t.test('§10: GET, POST and DELETE do what they do over HTTP', async (t) => {
  const a = agent('worker')
  const opened = await a.ask<{ session_id: string }>('POST', '/v1/sessions', { body: { agent_id: 'worker' } })
  t.match(opened, { status: 201, body: { result: { agent_id: 'worker', active: true } } })
  t.match(await a.ask('post', '/v1/channels', { body: { name: 'by files' } }), { status: 201 }, 'in any case')
  const path = `/v1/sessions/${opened.body?.result?.session_id}`
  t.match(await a.ask('DELETE', path), { status: 200, body: { result: { deleted: true } } })
  t.match(await a.ask('DELETE', path), { status: 404 })
})

t.test('§10.1: the path carries the query', async (t) => {
  const a = agent('asker')
  for (const body of ['one', 'two', 'drei ü']) {
    await a.ask('POST', '/v1/messages', { body: { from_agent: 'asker', body, thread_id: 'ü & co' } })
  }
  const thread = encodeURIComponent('ü & co')
  const page = await a.ask<Message[]>('GET', `/v1/messages?thread_id=${thread}&limit=1&tail=true`)
  t.match(page.body?.result, [{ body: 'drei ü' }])
})

t.test('§10.1: a body may be null, absent or an object', async (t) => {
  const a = agent('bodies')
  t.equal((await a.ask('POST', '/v1/shutdown/cancel', { body: null })).status, 400, 'as with an empty body')
  a.put('absent.json', JSON.stringify({ method: 'GET', path: '/v1/channels' }))
  t.equal((await a.response('absent')).status, 200)
  for (const body of [[], 'text', 7, true]) {
    const { status, error } = await a.ask('POST', '/v1/messages', { members: { body } })
    t.match({ status, error }, { status: 400, error: /body must be an object/ })
  }
})

t.test('§10: a file that is no request gets 400 and no body', async (t) => {
  const a = agent('invalid')
  const files: Record<string, [string, RegExp]> = {
    empty: ['', /valid JSON/],
    text: ['hello', /valid JSON/],
    list: ['[]', /JSON object/],
    number: ['7', /JSON object/],
    null: ['null', /JSON object/],
    nothing: ['{}', /method must be/],
    method: ['{"method":7,"path":"/"}', /method must be/],
    path: ['{"method":"GET","path":"v1/hub-info"}', /path must be/],
    url: ['{"method":"GET","path":"http://127.0.0.1/v1/hub-info"}', /path must be/],
  }
  for (const [stem, [text, error]] of Object.entries(files)) {
    a.put(`${stem}.json`, text)
    const response = await a.response(stem)
    t.match(response, { request_id: stem, ok: false, status: 400, error, completed_at: RFC_3339 }, stem)
    t.notOk('body' in response)
  }
})

t.test('§10: an agent’s folder is its id with what is not A–Z a–z 0–9 . _ - replaced', async (t) => {
  const folders: [string, string][] = [
    ['Agent-1.x_y', 'Agent-1.x_y'],
    ['two words', 'two_words'],
    ['a/../b', 'a_.._b'],
    ['ünï  çødé', '_n_d_'],
    ['', 'agent'],
    ['///', '_'],
  ]
  for (const [id, folder] of folders) {
    t.equal(agentFolder(id), folder, JSON.stringify(id))
    const a = new RawAgent(spool, id, folder)
    t.equal((await a.ask('GET', '/v1/hub-info')).status, 200)
  }
  for (const id of ['.', '..']) t.throws(() => agentFolder(id), /choose another id/, id)
})
