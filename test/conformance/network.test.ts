// PROTOCOL §8, POST /v1/network: who may open a hub to other machines, and what closing it does. The hub on
// every interface is called by this machine's own address, as another machine would.

import { networkInterfaces } from 'node:os'
import t from 'tap'
import { refused, say, unique } from './steps.js'
import { needsOwnHub, ownHub } from './target.js'
import { connectWire } from './wire.js'

const skip = needsOwnHub
const address = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address
const remotely = { skip: address === undefined && 'this machine has no address but loopback' }

t.test('§8 a hub that is bound to loopback', { skip }, async (t) => {
  const hub = await ownHub(t)

  t.test('§8 opening it is a 400 that says what to do', async (t) => {
    const reply = await hub.post('/v1/network', { allow_remote: true })
    refused(t, hub, reply, 400, /--host 0\.0\.0\.0 --allow-remote/)
    t.match((await hub.get('/v1/hub-info')).result, { allow_remote: false })
  })

  t.test('§8 closing it works all the same', async (t) => {
    const reply = await hub.post('/v1/network', { allow_remote: false })
    t.equal(reply.status, 200)
    t.strictSame(reply.result, { allow_remote: false, listen_host: '127.0.0.1' })
  })
})

t.test('§8 a hub on every interface, open to other machines', { skip }, async (t) => {
  const hub = await ownHub(t, { host: '0.0.0.0', allowRemote: true })
  const remote = connectWire(`http://${address}:${hub.hub.port}`)

  t.test('§8 it says so', async (t) => {
    t.equal(hub.info.allow_remote, true)
  })

  t.test('§8 it can be closed and opened again', async (t) => {
    for (const allow_remote of [false, true]) {
      const reply = await hub.post('/v1/network', { allow_remote })
      t.equal(reply.status, 200)
      t.strictSame(reply.result, { allow_remote, listen_host: '0.0.0.0' })
      t.match((await hub.get('/v1/hub-info')).result, { allow_remote })
    }
  })

  t.test('§8 it serves other machines', remotely, async (t) => {
    t.equal((await remote.get('/v1/hub-info')).status, 200)
  })

  t.test('§8 once it is closed it refuses other machines, and only those', remotely, async (t) => {
    await hub.post('/v1/network', { allow_remote: false })
    const thread_id = unique('thread')
    for (const attempt of [
      remote.get('/v1/hub-info'),
      remote.post('/v1/messages', { from_agent: 'a', body: 'x', thread_id }),
      remote.post('/v1/network', { allow_remote: true }),
    ]) {
      // An answer of 403 and a connection that is cut are both refusals.
      const status = await attempt.then((reply) => reply.status).catch(() => 403)
      t.equal(status, 403)
    }
    const local = await say(hub, { thread_id })
    t.strictSame((await hub.get('/v1/messages', { thread_id })).result, [local], 'nothing remote was stored')
    await hub.post('/v1/network', { allow_remote: true })
    t.equal((await remote.get('/v1/hub-info')).status, 200, 'until it is opened again')
  })
})
