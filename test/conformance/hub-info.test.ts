// PROTOCOL §8, what a hub says about itself: its kind, its limits, the name of its stored state, and the
// dashboard. Shutdown, network and restarts have files of their own.

import { createHash } from 'node:crypto'
import { isAbsolute } from 'node:path'
import t from 'tap'
import type { Channel, HubInfo } from '../../src/protocol/objects.js'
import { refused, say } from './steps.js'
import { needsFile, needsOwnHub, openTarget, ownHub } from './target.js'
import type { Wire } from './wire.js'

const hub = await openTarget(t)
const skip = needsOwnHub

const infoOf = async (wire: Wire) => (await wire.get<HubInfo>('/v1/hub-info')).result

t.test('§8 hub-info has every field, of its type', async (t) => {
  const info = await infoOf(hub)
  t.match(info, {
    instance_id: /^mh1-[0-9a-f]{20}$/,
    protocol_version: '1',
    implementation: /^[\w-]+$/,
    implementation_version: /^\d+\.\d+\.\d+/,
    default_channel: 'general',
    max_body_chars: Number,
    max_attachment_chars: Number,
    max_attachments: Number,
    features: Array,
    message_kinds: Array,
    storage_path: String,
    journal_mode: String,
    wal_mode: Boolean,
    allow_remote: Boolean,
  })
  if (hub.ours) t.equal(info.implementation, 'arc-hub')
})

t.test('§8 message_kinds are exactly the eight, sorted', async (t) => {
  const kinds = ['artifact', 'chat', 'claim', 'notice', 'release', 'task', 'task_request', 'task_result']
  t.strictSame((await infoOf(hub)).message_kinds, kinds)
})

t.test('§8 the storage is a file in WAL mode', { skip: needsFile }, async (t) => {
  const info = await infoOf(hub)
  t.ok(isAbsolute(info.storage_path))
  t.equal(info.journal_mode, 'wal')
  t.equal(info.wal_mode, true)
})

t.test('§8 features name what this suite finds true, and then our own tokens', async (t) => {
  const { features } = await infoOf(hub)
  const tested = [
    'long_poll_keepalive',
    'subtask_rollup',
    'rpc_kinds',
    'capability_filter',
    'shutdown_control',
    'session_rename',
  ]
  for (const feature of tested) t.ok(features.includes(feature), feature)
  t.equal(new Set(features).size, features.length, 'each once')
})

t.test(
  "§8 of our features the protocol's come first",
  { skip: !hub.ours && 'announces no arc: token' },
  async (t) => {
    const { features } = await infoOf(hub)
    const known = [
      'sse',
      'relay',
      'long_poll_keepalive',
      'subtask_rollup',
      'rpc_kinds',
      'capability_filter',
      'shutdown_control',
      'session_rename',
    ]
    const ours = features.filter((feature) => feature.startsWith('arc:'))
    const protocols = features.filter((feature) => !feature.startsWith('arc:'))
    t.strictSame(features, [...protocols, ...ours])
    t.strictSame(
      protocols.filter((feature) => !known.includes(feature)),
      [],
      'none without the prefix is invented',
    )
  },
)

t.test(
  '§8 instance_id is made of the storage path and the time that general was created',
  { skip: needsFile },
  async (t) => {
    const { instance_id, storage_path } = await infoOf(hub)
    const channels = (await hub.get<Channel[]>('/v1/channels')).result
    const general = channels.find((channel) => channel.name === 'general')
    const digest = createHash('sha256').update(`${storage_path}|${general?.created_at}`).digest('hex')
    t.equal(instance_id, `mh1-${digest.slice(0, 20)}`)
  },
)

t.test('§8 two hubs on one file give the same instance_id', { skip }, async (t) => {
  const twin = await ownHub(t, { storagePath: hub.info.storage_path })
  t.not(twin.url, hub.url)
  t.equal(twin.info.instance_id, hub.info.instance_id)
  const message = await say(hub)
  t.ok((await say(twin)).id > message.id, 'and share its ids')
})

t.test('§2 the default limits', { skip: skip && 'the external hub may be configured' }, async (t) => {
  t.match(hub.info, { max_body_chars: 128_000, max_attachment_chars: 256_000, max_attachments: 32 })
})

t.test('§2 a hub with other limits', { skip }, async (t) => {
  const small = await ownHub(t, { limits: { maxBodyChars: 20, maxAttachmentChars: 12, maxAttachments: 2 } })
  const post = (fields: object) => small.post('/v1/messages', { from_agent: 'a', ...fields })

  t.test('§8 it announces them', async (t) => {
    t.match(small.info, { max_body_chars: 20, max_attachment_chars: 12, max_attachments: 2 })
  })

  t.test('§8 on another file it has another instance_id', async (t) => {
    t.not(small.info.instance_id, hub.info.instance_id)
  })

  t.test('§2 its max_body_chars holds', async (t) => {
    t.equal((await post({ body: 'x'.repeat(20) })).status, 201)
    refused(t, small, await post({ body: 'x'.repeat(21) }), 400, /20/)
  })

  t.test('§2 its attachment limits hold', async (t) => {
    const attachment = (chars: number) => ({ type: 'text', content: 'x'.repeat(chars - 2) })
    t.equal((await post({ attachments: [attachment(12), attachment(12)] })).status, 201)
    refused(t, small, await post({ attachments: [attachment(13)] }), 400, /12/)
    refused(t, small, await post({ attachments: [attachment(3), attachment(3), attachment(3)] }), 400, /2/)
  })

  t.test('§1 they set the largest body that is read', async (t) => {
    const json = JSON.stringify({ from_agent: 'a', body: 'x' })
    const size = 20 + 12 * 2 + 65_536
    t.equal((await small.post('/v1/messages', json.padEnd(size))).status, 201)
    refused(t, small, await small.post('/v1/messages', json.padEnd(size + 1)), 400)
  })
})

t.test('§8 GET / is the dashboard, in HTML', async (t) => {
  const reply = await hub.get('/')
  t.equal(reply.status, 200)
  t.match(reply.headers['content-type'], /^text\/html\b/)
  t.match(reply.text, /<html/i)
})

t.test('§8 any other path is a 404 in JSON', async (t) => {
  for (const path of ['/index.html', '/dashboard', '/..%2f', '/%2e%2e/etc/passwd']) {
    refused(t, hub, await hub.get(path), 404)
  }
})
