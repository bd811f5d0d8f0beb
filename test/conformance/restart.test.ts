// What a hub must find again when it starts on existing storage: its instance_id (PROTOCOL §8), the sessions
// (§3), what was stored, the answers under their keys (§9), and the ids that it has given out (§1).

import { join as joinPath } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import type { Channel, Message } from '../../src/protocol/objects.js'
import { broadcastsIn, join, newChannel, refused, say, sessionOf, unique } from './steps.js'
import { needsOwnHub, ownFolder, ownHub } from './target.js'
import type { Query, Wire } from './wire.js'

const skip = needsOwnHub
t.jobs = 2

t.test('§8 a hub that was restarted', { skip }, async (t) => {
  const first = await ownHub(t)
  const keyed = { 'idempotency-key': unique('key') }
  const once = { from_agent: 'a', body: 'once', thread_id: unique('thread') }
  const session = await join(first, unique('agent'))
  const channel = await newChannel(first)
  const answer = await first.post<Message>('/v1/messages', once, keyed)
  await first.hub.stop()
  const second = await ownHub(t, { storagePath: first.storagePath })

  t.test('§8 it has the same instance_id', async (t) => {
    t.equal(second.info.instance_id, first.info.instance_id)
    t.equal(second.hub.instanceId, first.info.instance_id)
  })

  t.test('§4 it has what was stored', async (t) => {
    const channels = (await second.get<Channel[]>('/v1/channels')).result
    t.ok(channels.some((row) => row.name === channel))
    t.strictSame(await broadcastsIn(second, once.thread_id), [answer.result])
  })

  t.test('§3 it keeps the sessions that it finds', async (t) => {
    const found = await sessionOf(second, session.agent_id)
    t.equal(found?.session_id, session.session_id)
    t.equal(found?.created_at, session.created_at)
  })

  const noKeys = !first.ours && 'the hub does not announce arc:idempotency_key'
  t.test('§9 it gives stored answers again', { skip: noKeys }, async (t) => {
    const again = await second.post<Message>('/v1/messages', once, keyed)
    t.equal(again.headers['idempotency-replayed'], 'true')
    t.equal(again.text, answer.text)
    t.equal((await broadcastsIn(second, once.thread_id)).length, 1)
  })
})

t.test('§4 a restarted hub answers every listing as before', { skip }, async (t) => {
  const first = await ownHub(t)
  const [me, other, thread_id, channel] = ['me', 'other', 'thread', await newChannel(first)]
  const posted = [
    await say(first, { from_agent: me }),
    await say(first, { channel, thread_id, kind: 'task', attachments: [{ type: 'json', content: ['ä🙂'] }] }),
    await say(first, { from_agent: me, channel, kind: 'artifact', metadata: { deep: { list: [1, null] } } }),
    await say(first, { from_agent: other, to_agent: me, channel, thread_id }),
    await say(first, { from_agent: me, to_agent: other, thread_id }),
    await say(first, { from_agent: other, channel, thread_id, kind: 'task_request' }),
    await say(first, { from_agent: me, to_agent: me, thread_id }),
  ]
  const [, root, , , , request] = posted
  await say(first, { kind: 'task', parent_task_id: root?.id, thread_id, channel })
  await say(first, { kind: 'task_result', reply_to: request?.id, channel, thread_id })
  await first.post('/v1/claims', { owner_agent_id: me, task_message_id: root?.id, thread_id })
  await first.post('/v1/locks', { agent_id: me, file_path: 'src/a.ts', metadata: { thread_id } })
  const listings: [string, Query?][] = [
    ['/v1/channels'],
    ['/v1/threads'],
    [`/v1/threads/${thread_id}`],
    ['/v1/tasks'],
    ['/v1/claims'],
    ['/v1/locks'],
    [`/v1/inbox/${me}`],
    ['/v1/messages', { channel }],
    ['/v1/messages', { thread_id }],
    ['/v1/messages', { channel, thread_id, since_id: root?.id ?? 0, limit: 1 }],
    ['/v1/messages', { channel, tail: true, limit: 2 }],
    ['/v1/events', { agent_id: me }],
    ['/v1/events', { agent_id: me, exclude_self: true }],
    ['/v1/events', { agent_id: me, channel }],
    ['/v1/events', { agent_id: me, thread_id, exclude_self: true, limit: 2 }],
    ['/v1/events', { agent_id: other, channel, thread_id, since_id: root?.id ?? 0, limit: 2 }],
  ]
  const ask = (hub: Wire) => Promise.all(listings.map(([path, query]) => hub.get<unknown>(path, query)))
  const before = await ask(first)
  await first.hub.stop()
  const after = await ask(await ownHub(t, { storagePath: first.storagePath }))

  for (const [index, [path, query]] of listings.entries()) {
    t.test(`§4 GET ${path} ${Object.keys(query ?? {}).join(', ')}`, async (t) => {
      const wanted = before[index]?.result
      t.not(JSON.stringify(wanted), '[]', 'there is something to list')
      t.strictSame(after[index]?.result, wanted)
    })
  }
})

/** Runs SQL on the file of a stopped hub. */
function edit(storagePath: string, sql: string): void {
  const file = new Database(storagePath)
  file.exec(sql)
  file.close()
}

t.test('§1 the ids that a hub has given out', { skip }, async (t) => {
  const storagePath = joinPath(await ownFolder(t), 'arc.sqlite3')
  const first = await ownHub(t, { storagePath })
  const newest = await say(first)
  await first.hub.stop()

  t.test('§1 an id is not used again after its message is gone', async (t) => {
    edit(storagePath, `DELETE FROM messages WHERE id = ${newest.id}`)
    const hub = await ownHub(t, { storagePath })
    t.ok((await say(hub)).id > newest.id)
  })

  t.test('§1 past the id 2^53−1 the hub answers 500 and mints none', async (t) => {
    edit(
      storagePath,
      `UPDATE sqlite_sequence SET seq = ${Number.MAX_SAFE_INTEGER - 1} WHERE name = 'messages'`,
    )
    const hub = await ownHub(t, { storagePath })
    const thread_id = unique('thread')
    const last = await say(hub, { thread_id })
    t.equal(last.id, Number.MAX_SAFE_INTEGER, 'the largest id is still minted')
    for (const kind of ['chat', 'task']) {
      refused(t, hub, await hub.post('/v1/messages', { from_agent: 'a', body: 'x', kind, thread_id }), 500)
    }
    t.strictSame((await hub.get<Message[]>('/v1/messages', { thread_id })).result, [last])
    t.strictSame((await hub.get('/v1/tasks', { thread_id })).result, [])
  })
})
