// PROTOCOL §4: the stream of an agent's feed, first what is stored, then live; and what we add to it.

import { spawn, spawnSync } from 'node:child_process'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { EventSource } from 'undici'
import type { Message, Session } from '../../src/protocol/objects.js'
import { EventReader } from '../support/event-reader.js'
import { idsOf, join, newChannel, refused, say, secondsAfter, sessionOf, unique, until } from './steps.js'
import { needsOwnHub, openTarget, ownHub, type Target } from './target.js'

t.jobs = 8
const hub = await openTarget(t)
const ours = hub.ours ? false : 'only of hubs that announce an arc: token'

type Query = Record<string, string>

function open(t: Test, target: Target, query: Query, headers?: Record<string, string>): EventReader {
  const params = new URLSearchParams(query)
  const reader = new EventReader(`${target.url}/v1/stream?${params}`, headers)
  t.teardown(() => reader.close())
  return reader
}

/** An agent's stream of one channel of the test's own, and a way to post there. */
async function openRoom(t: Test, query: Query = {}) {
  const channel = await newChannel(hub)
  const agent = unique('reader')
  const post = (fields = {}) => say(hub, { channel, ...fields })
  const reader = (more: Query = {}, headers?: Record<string, string>) =>
    open(t, hub, { agent_id: agent, channels: channel, ...query, ...more }, headers)
  return { channel, agent, post, reader }
}

t.test('§4 a stream is announced, and is an event stream', async (t) => {
  t.ok(hub.announces('sse'))
  const { reader } = await openRoom(t)
  const { statusCode, headers } = await reader().answered
  t.equal(statusCode, 200)
  t.match(headers['content-type'], /^text\/event-stream/)
  t.equal(headers['x-arc-instance'], hub.info.instance_id, '§1')
})

t.test('§4 a stream brings first what is stored after since_id, then what is posted', async (t) => {
  const { post, reader } = await openRoom(t)
  const stored = [await post(), await post({ body: 'zwei 🙂' }), await post({ metadata: { a: [1, null] } })]
  const all = reader({ since_id: '0' })
  await all.has(3)
  const late = reader({ since_id: `${stored[1]?.id}` })
  await late.has(1)
  const live = await post({ body: 'line one\nline two', attachments: [{ type: 'text', content: 'x\ny' }] })
  await Promise.all([all.has(4), late.has(2)])
  t.strictSame(all.messages, [...stored, live], 'each as its POST was answered')
  t.strictSame(late.messages, [stored[2], live])
  t.ok(
    all.events.every(({ event }) => event === undefined),
    'without an event name',
  )
})

t.test('§4 without since_id a stream begins with the first message', async (t) => {
  const { post, reader } = await openRoom(t)
  const first = await post()
  const all = reader()
  await all.has(1)
  t.strictSame(all.messages, [first])
})

t.test('§4 a stream shows what the agent may see: broadcasts, and direct messages to it', async (t) => {
  const { agent, post, reader } = await openRoom(t)
  const all = reader()
  await post({ to_agent: unique('another') })
  const direct = await post({ to_agent: agent })
  const own = await post({ from_agent: agent })
  await all.has(2)
  t.strictSame(all.messages, [direct, own])
})

t.test('§4 exclude_self hides what the agent itself posts', async (t) => {
  const { agent, post, reader } = await openRoom(t)
  const others = reader({ exclude_self: 'true' })
  await post({ from_agent: agent })
  const other = await post()
  await others.has(1)
  t.strictSame(others.messages, [other])
})

t.test('§4 channels names several; without it all are shown', async (t) => {
  const [a, b, c] = [await newChannel(hub), await newChannel(hub), await newChannel(hub)]
  const agent_id = unique('reader')
  const since_id = `${(await say(hub, { channel: c })).id}`
  const some = open(t, hub, { agent_id, channels: ` ${a}, ${b},,${a}`, since_id })
  const all = open(t, hub, { agent_id, since_id, channels: '' })
  const posted: Message[] = []
  for (const channel of [a, c, b, a]) posted.push(await say(hub, { channel }))
  await until('all to come', () => all.messages.some(({ id }) => id === posted[3]?.id))
  await some.has(3)
  t.strictSame(some.messages, [posted[0], posted[2], posted[3]])
  const shown = idsOf(all.messages)
  t.ok(idsOf(posted).every((id) => shown.includes(id)))
  const more = await say(hub, { channel: b })
  await some.has(4)
  t.strictSame(some.messages[3], more, 'live')
})

t.test('§4 a stream without an agent, or with a bad position, is refused', async (t) => {
  refused(t, hub, await hub.get('/v1/stream'), 400, /agent_id/)
  refused(t, hub, await hub.get('/v1/stream', { agent_id: 'a', since_id: 'x' }), 400, /since_id/)
  refused(t, hub, await hub.get('/v1/stream', { agent_id: 'a', since_id: -1 }), 400, /since_id/)
})

t.test('§4 [ours] a stream of an unknown channel is a 404', { skip: ours }, async (t) => {
  const channels = `general,${unique('nowhere')}`
  refused(t, hub, await hub.get('/v1/stream', { agent_id: 'a', channels }), 404, /nowhere/)
})

t.test('§4 [ours] each event has its id, and Last-Event-ID goes on after it', { skip: ours }, async (t) => {
  const { post, reader } = await openRoom(t)
  const posted = [await post(), await post(), await post()]
  const first = reader()
  await first.has(3)
  t.strictSame(
    first.events.map(({ id }) => id),
    posted.map(({ id }) => `${hub.info.instance_id}:${id}`),
  )
  for (const lastId of [`${first.events[1]?.id}`, `${posted[1]?.id}`]) {
    const again = reader({ since_id: '0' }, { 'last-event-id': lastId })
    await again.has(1)
    t.strictSame(again.messages, [posted[2]], `after ${lastId}, whatever since_id says`)
  }
  const odd = reader({ since_id: `${posted[2]?.id}` }, { 'last-event-id': 'x' })
  const live = await post()
  await odd.has(1)
  t.strictSame(odd.messages, [live], 'one that is no id is ignored')
})

t.test('§4 [ours] a Last-Event-ID of another storage begins anew', { skip: ours }, async (t) => {
  const { post, reader } = await openRoom(t)
  const posted = [await post(), await post()]
  const since = { since_id: '999999999' } // of the storage that is gone as well
  const again = reader(since, { 'last-event-id': 'mh1-0123456789abcdef0123:999999999' })
  await again.has(2)
  t.strictSame(again.messages, posted)
})

t.test('§4 [ours] a quiet stream says a comment every 15 s', { skip: ours }, async (t) => {
  const { reader } = await openRoom(t)
  const quiet = reader()
  await quiet.answered
  const since = performance.now()
  await until('a heartbeat', () => quiet.comments > 0, 40_000)
  t.comment(`after ${Math.round(performance.now() - since)} ms`)
  t.strictSame(quiet.events, [])
})

const noChanges = hub.announces('arc:stream_changes') ? false : 'only where arc:stream_changes is announced'

t.test('§4 [ours] a stream with changes hints at what is not a message', { skip: noChanges }, async (t) => {
  const { agent, channel, post, reader } = await openRoom(t)
  const [plain, hinted] = [reader(), reader({ changes: 'true' })]
  await Promise.all([plain.answered, hinted.answered])
  const hints = () => hinted.events.filter(({ event }) => event === 'changed')
  const hintedAt = (topic: string) =>
    until(`a hint at ${topic}`, () => hints().some(({ data }) => JSON.parse(data).includes(topic)))

  await join(hub, agent)
  await hintedAt('agents')
  await hub.post('/v1/claims', { owner_agent_id: agent, claim_key: unique('key') })
  await hintedAt('claims')
  await hub.post('/v1/locks', { agent_id: agent, file_path: unique('path') })
  await hintedAt('locks')
  await newChannel(hub)
  await hintedAt('channels')
  const task = await post({ kind: 'task' })
  await hintedAt('tasks')
  await hub.post(`/v1/tasks/${task.id}/complete`)
  await hintedAt('threads')

  await post({ body: 'last' })
  await until('the last message', () =>
    // A hint may come after it.
    [plain, hinted].every(({ events }) => events.some(({ data }) => data.includes('"last"'))),
  )
  t.ok(
    hints().every(({ id }) => id === undefined),
    'a hint has no id: it moves no position',
  )
  t.strictSame(
    plain.events.map(({ event }) => event),
    [undefined, undefined],
    'a plain stream has none',
  )
  t.strictSame(
    hinted.events.filter(({ event }) => event === undefined),
    plain.events,
    `and the messages of ${channel} are the same in both`,
  )
})

t.test('§3 an open stream keeps a session alive', { skip: needsOwnHub }, async (t) => {
  const short = await ownHub(t, { presenceTtlSec: 5 })
  const session = await join(short, 'reader')
  const idle = await join(short, 'idle')
  open(t, short, { agent_id: 'reader' })
  await secondsAfter(idle.created_at, 8)
  const live = (await short.get<Session[]>('/v1/agents')).result
  t.strictSame(
    live.map(({ session_id }) => session_id),
    [session.session_id],
  )
})

t.test('§3 opening a stream touches the session', async (t) => {
  const { agent, reader } = await openRoom(t)
  const session = await join(hub, agent)
  await secondsAfter(session.last_seen)
  await reader().answered
  await until('a later last_seen', async () => (await sessionOf(hub, agent))?.last_seen !== session.last_seen)
  t.pass()
})

t.test('§4 an EventSource reads the stream', async (t) => {
  const { agent, channel, post } = await openRoom(t)
  const stored = await post({ body: 'stored' })
  const source = new EventSource(`${hub.url}/v1/stream?agent_id=${agent}&channels=${channel}`)
  t.teardown(() => source.close())
  const seen: Message[] = []
  source.onmessage = ({ data }) => void seen.push(JSON.parse(data))
  await until('the stored one', () => seen.length === 1)
  const live = await post({ body: 'live' })
  await until('the live one', () => seen.length === 2)
  t.strictSame(seen, [stored, live])
})

const noCurl = spawnSync('curl', ['--version']).error ? 'curl is not installed' : false

t.test('§4 curl -N reads the stream', { skip: noCurl }, async (t) => {
  const { agent, channel, post } = await openRoom(t)
  const stored = await post()
  const query = new URLSearchParams({ agent_id: agent, channels: channel, since_id: '0' })
  const curl = spawn('curl', ['-N', '-s', '-S', `${hub.url}/v1/stream?${query}`])
  t.teardown(() => curl.kill())
  let read = ''
  curl.stdout.setEncoding('utf8').on('data', (chunk) => {
    read += chunk
  })
  const data = () => [...read.matchAll(/^data: (.+)\n\n/gm)].map(([, text = '']) => JSON.parse(text))
  await until('the stored message', () => data().length === 1)
  const live = [await post({ body: 'one\ntwo' }), await post({ body: 'drei 🙂' })]
  await until('what was posted', () => data().length === 3)
  t.strictSame(data(), [stored, ...live])
  t.equal(curl.exitCode, null, 'it goes on reading')
})

t.test('§4 a raw socket reads the stream, line by line', async (t) => {
  const { agent, channel, post } = await openRoom(t)
  const { hostname, port, host } = new URL(hub.url)
  const socket = connect(Number(port), hostname).setEncoding('utf8')
  t.teardown(() => socket.destroy())
  let text = ''
  socket.on('data', (more: string) => {
    text += more
  })
  socket.write(`GET /v1/stream?agent_id=${agent}&channels=${channel} HTTP/1.0\r\nHost: ${host}\r\n\r\n`)
  await until('the head', () => text.includes('\r\n\r\n'))
  const message = await post()
  await until('the message', () => text.endsWith('\n\n'))
  const body = text.slice(text.indexOf('\r\n\r\n') + 4)
  const data = body.split('\n').find((line) => line.startsWith('data: ')) ?? ''
  t.strictSame(JSON.parse(data.slice('data: '.length)), message)
})

t.test('§4 a reader that goes away leaves nobody waiting', { skip: needsOwnHub }, async (t) => {
  const own = await ownHub(t)
  const waiting = async () => (await own.get<{ waiting_polls: number }>('/v1/status')).result.waiting_polls
  const readers = Array.from({ length: 5 }, (_, i) => open(t, own, { agent_id: `reader-${i}` }))
  await until('all to wait', async () => (await waiting()) === 5)
  for (const reader of readers) reader.close()
  await until('none to wait', async () => (await waiting()) === 0)
  t.pass()
})

t.test('§4 a hub that stops ends its streams', { skip: needsOwnHub }, async (t) => {
  const own = await ownHub(t)
  const reader = open(t, own, { agent_id: 'reader' })
  await reader.answered
  const message = await say(own)
  await own.hub.stop()
  await until('the end', () => reader.ended)
  t.strictSame(reader.messages, [message], 'after what was committed')
})
