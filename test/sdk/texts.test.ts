// What a caller's texts and numbers become on their way to a hub, over sockets and over files: halves of characters are made
// whole, what JSON can't hold is refused, and an answer may begin with a byte order mark.

import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ArcClient } from '../../src/sdk/index.js'
import { ownFolder } from '../support/folder.js'
import { RawAgent } from '../support/raw-agent.js'
import { until } from '../support/waiting.js'
import { client } from './clients.js'
import { http } from './http-way.js'
import { relay } from './relay-way.js'
import { testsOver } from './room.js'
import { scriptedHub } from './scripted-hub.js'

const HALF = '🚀'.slice(0, 1)
const WHOLE = '\ufffd'

for (const way of [http, relay]) {
  const { test } = testsOver(way)

  test('half a character becomes U+FFFD, in texts, names and paths', async (t, room) => {
    const me = room.agent(`me${HALF}`)
    t.equal(me.agentId, `me${WHOLE}`)
    await me.register({ capabilities: [HALF], metadata: { [HALF]: HALF } })
    t.match(await me.rename(`d${HALF}`), { agent_id: `me${WHOLE}`, display_name: `d${WHOLE}` })
    await me.createChannel(`c${HALF}`)
    const message = await me.post(`x${HALF}`, { channel: `c${HALF}`, threadId: `t${HALF}` })
    t.match(message, { from_agent: `me${WHOLE}`, body: `x${WHOLE}`, channel: `c${WHOLE}` })
    t.strictSame((await me.getThread(`t${HALF}`)).messages, [message])
    t.strictSame(await me.listMessages({ channel: `c${HALF}` }), [message])
    t.strictSame(await me.poll({ timeout: 0 }), [], 'its own are left out')
    const { recipient, ...direct } = await room.agent('other').dm(`me${HALF}`, 'hello')
    t.equal(recipient?.agent_id, `me${WHOLE}`)
    t.strictSame(await me.inbox(), [direct])
    t.equal((await me.lock(`p${HALF}`)).acquired, true)
    t.equal((await me.claim(`k${HALF}`)).acquired, true)
    t.equal((await me.listLocks({ agentId: me.agentId })).length, 1)
    await me.release(`k${HALF}`)
  })

  test('a task for half a character is served and answered', async (t, room) => {
    const worker = room.agent(`worker${HALF}`)
    const ending = new AbortController()
    const serving = worker.serve((request) => `done: ${request.body}`, { signal: ending.signal })
    const result = await room.agent('asker').call(`worker${HALF}`, HALF)
    t.equal(result.body, `done: ${WHOLE}`)
    ending.abort()
    await serving
  })

  test('a BigInt is sent by its digits', async (t, room) => {
    const { metadata } = await room.agent('a').post('x', { metadata: { n: 12n, list: [-3n, { m: 4n }] } })
    t.strictSame(metadata, { n: 12, list: [-3, { m: 4 }] })
  })

  test('what JSON can’t hold is refused as an invalid request', async (t, room) => {
    const circle: Record<string, unknown> = {}
    circle.again = circle
    const me = room.agent('a')
    for (const metadata of [circle, { ...circle, n: 1n }]) {
      await t.rejects(me.post('x', { metadata }), { name: 'ArcError', code: 'invalid_request' })
    }
  })
}

t.test('over sockets: an answer may begin with a byte order mark', async (t) => {
  const text = '\ufeff{"ok":true,"result":[]}'
  const hub = await scriptedHub(t, (exchange) => exchange.raw(200, 'application/json', text))
  t.strictSame(await client(t, hub.url).listChannels(), [])
})

t.test('over files: an answer may begin with a byte order mark', async (t) => {
  const spoolDir = ownFolder(t)
  const host = new RawAgent(spoolDir, 'a')
  const inside = ArcClient.overRelay('a', { spoolDir })
  t.teardown(() => inside.close())
  const listed = inside.listChannels()
  const file = await until('a request', () => host.listing().find((name) => name.endsWith('.json')))
  const { request_id } = JSON.parse(readFileSync(join(host.requests, file), 'utf8'))
  const answer = { request_id, ok: true, status: 200, body: { ok: true, result: [] } }
  writeFileSync(join(spoolDir, 'answer.tmp'), `\ufeff${JSON.stringify(answer)}`)
  renameSync(join(spoolDir, 'answer.tmp'), join(host.responses, file))
  t.strictSame(await listed, [])
})
