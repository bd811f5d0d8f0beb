// The tour that a newcomer takes, on one hub: ensure, post, whoami, poll, status, logs, stop. Each command
// prints what PROTOCOL §12 says, JSON on standard output and nothing else there, and exits as it says. The
// tests follow each other: each finds the hub as the one before has left it.

import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import type { Bootstrap, Message } from '../../src/protocol/objects.js'
import { call, isAlive, json, jsonLines, Place, statusOf } from '../support/arc-process.js'
import { steadyPort } from '../support/ports.js'
import { until } from '../support/waiting.js'

const place = new Place(t)
const MESSAGE_FIELDS = [
  'id',
  'ts',
  'from_agent',
  'to_agent',
  'channel',
  'kind',
  'body',
  'attachments',
  'reply_to',
  'thread_id',
  'metadata',
]
let url = ''
let pid = 0
let hello: Message

t.test('ensure starts a hub and prints that it runs, that it was started, and where', async (t) => {
  const done = await place.arc(['ensure', '--port', '0'])
  const printed = json<{ url: string }>(done)
  url = printed.url
  t.strictSame(
    { ...done, stdout: printed, elapsedMs: 0 },
    {
      status: 0,
      stdout: { running: true, started: true, url },
      stderr: '',
      elapsedMs: 0,
    },
  )
  t.match(url, /^http:\/\/127\.0\.0\.1:\d+$/)
  pid = (await statusOf(url)).pid
  t.ok(isAlive(pid))
})

t.test('the pid file names the hub: pid, port, url, instance and start time', async (t) => {
  const { instance_id, started_at } = await call<{ instance_id: string; started_at: string }>(
    url,
    '/v1/status',
  )
  t.strictSame(place.pidFile(), { pid, port: Number(new URL(url).port), url, instance_id, started_at })
})

t.test('a second ensure starts nothing and prints started: false', async (t) => {
  for (const options of [[], ['--port', '0']]) {
    const { stdout } = await place.arc(['ensure', ...options])
    t.strictSame(JSON.parse(stdout), { running: true, started: false, url }, options.join(' '))
  }
  const done = await place.arc(['ensure'])
  t.equal(done.stderr, '')
  t.equal(done.status, 0)
  t.strictSame(place.processes(), [pid])
})

t.test('post prints the message', async (t) => {
  const done = await place.arc(['post', '--agent', 'me', 'hello'])
  hello = json<Message>(done)
  t.strictSame(Object.keys(hello), MESSAGE_FIELDS)
  t.match(hello, { from_agent: 'me', to_agent: null, channel: 'general', kind: 'chat', body: 'hello' })
  t.equal(done.stderr, '')
  t.equal(done.status, 0)
})

t.test('whoami prints the bootstrap object, with the session of the agent', async (t) => {
  const done = await place.arc(['whoami', '--agent', 'me'])
  const bootstrap = json<Bootstrap>(done)
  t.match(bootstrap, {
    agent_id: 'me',
    session: { agent_id: 'me', active: true },
    latest_visible_id: hello.id,
    live_agents: [{ agent_id: 'me' }],
    default_channel: 'general',
  })
  t.equal(Object.keys(bootstrap).length, 5)
  t.equal(done.stderr, '')
  t.equal(done.status, 0)
})

t.test('post --to --kind --thread-id sends a direct message of that kind in that thread', async (t) => {
  const options = ['--to', 'you', '--kind', 'notice', '--thread-id', 'th']
  const message = json<Message>(await place.arc(['post', '--agent', 'me', ...options, 'your turn']))
  t.match(message, { to_agent: 'you', channel: 'direct', kind: 'notice', thread_id: 'th', body: 'your turn' })
})

t.test('a text that begins with a dash is posted after --', async (t) => {
  for (const text of ['- a list item', '--help']) {
    const message = json<Message>(await place.arc(['post', '--agent', 'me', '--to', 'me', '--', text]))
    t.equal(message.body, text)
  }
})

t.test('poll --since-id 0 prints what was said, one message a line', async (t) => {
  const done = await place.arc(['poll', '--agent', 'you', '--since-id', '0', '--timeout', '5'])
  const messages = jsonLines<Message>(done)
  t.strictSame(messages[0], hello)
  t.strictSame(
    messages.map(({ body }) => body),
    ['hello', 'your turn'],
  )
  t.equal(done.stderr, '')
  t.equal(done.status, 0)
})

t.test('poll leaves out the own messages of the agent unless it is told to include them', async (t) => {
  const own = ['poll', '--agent', 'me', '--channel', 'general', '--timeout', '0']
  t.strictSame(jsonLines(await place.arc(own)), [])
  t.strictSame(jsonLines(await place.arc([...own, '--include-self'])), [hello])
})

t.test('poll prints nothing and exits 0 when nothing came within its time', async (t) => {
  const done = await place.arc(['poll', '--agent', 'nobody', '--since-id', `${hello.id}`, '--timeout', '0.3'])
  t.match(done, { status: 0, stdout: '', stderr: '' })
  t.ok(done.elapsedMs > 300, 'it has waited')
})

t.test('poll prints a message that comes while it waits', async (t) => {
  const poll = place.start(['poll', '--agent', 'late', '--thread-id', 'later', '--timeout', '30'])
  await until('the poll to wait', async () => (await statusOf(url)).waiting_polls > 0)
  const body = { from_agent: 'me', body: 'now', thread_id: 'later' }
  const message = await call<Message>(url, '/v1/messages', body)
  t.strictSame(jsonLines(await poll.finished), [message])
})

t.test('a client command that the hub refuses prints arc error with its text, and exits 1', async (t) => {
  const done = await place.arc(['post', '--agent', 'me', '--channel', 'nowhere', 'hi'])
  t.equal(done.status, 1)
  t.equal(done.stdout, '')
  t.match(done.stderr, /^arc error: .*nowhere.*\n$/)
})

t.test('status prints which hub runs where', async (t) => {
  const done = await place.arc(['status'])
  t.match(json(done), {
    running: true,
    url,
    pid,
    implementation: 'arc-hub',
    storage_path: place.room('arc.sqlite3'),
    pid_file: place.room('.arc.pid'),
    log_file: place.room('.arc.log'),
  })
  t.equal(done.stderr, '')
  t.equal(done.status, 0)
})

t.test('logs prints the log of the background hub in lines for people', async (t) => {
  const done = await place.arc(['logs'])
  t.match(done, { status: 0, stderr: '' })
  t.match(done.stdout, new RegExp(`^\\d\\d:\\d\\d:\\d\\d\\.\\d{3} INFO +hub +listening on ${url}$`, 'm'))
})

t.test('logs --json --lines 1 prints the last line as it stands in the file', async (t) => {
  const lastLine = () => readFileSync(place.room('.arc.log'), 'utf8').trimEnd().split('\n').at(-1) ?? ''
  await until('the relay to have said that it serves', () => lastLine().includes('relay serves'))
  t.strictSame(json(await place.arc(['logs', '--json', '--lines', '1'])), JSON.parse(lastLine()))
})

t.test('logs --follow prints what is logged from then on', async (t) => {
  const follower = place.start(['logs', '--follow', '--lines', '1'])
  await until('the last line', () => follower.stdout.includes('relay serves'))
  appendFileSync(place.room('.arc.log'), `${JSON.stringify({ level: 'warn', msg: 'something new' })}\n`)
  await until('the new line', () => follower.stdout.includes('something new'))
  follower.child.kill()
  t.equal(follower.stdout.match(/something new/g)?.length, 1)
  await follower.finished
})

t.test('stop prints what it stopped, and returns when the process is gone', async (t) => {
  const done = await place.arc(['stop'])
  t.notOk(isAlive(pid))
  t.strictSame(json(done), { stopped: true, pid, url })
  t.equal(done.stderr, '')
  t.equal(done.status, 0)
  t.notOk(existsSync(place.room('.arc.pid')), 'the pid file is gone')
})

t.test('stop with no hub there prints stopped: false and why, and exits 1', async (t) => {
  const done = await place.arc(['stop'])
  const printed = json<{ error: string }>(done)
  t.strictSame(printed, { stopped: false, error: printed.error })
  t.match(printed.error, /no running hub found/)
  t.equal(done.status, 1)
})

t.test('status with no hub there prints running: false and what to do, and exits 1', async (t) => {
  const port = await steadyPort()
  const done = await place.arc(['status', '--port', `${port}`])
  const error = 'no hub is running; start one with: arc ensure'
  t.strictSame(json(done), { running: false, url: `http://127.0.0.1:${port}`, error })
  t.equal(done.status, 1)
})

t.test('logs with no log there says so, and exits 1', async (t) => {
  const done = await place.arc(['logs', '--storage', 'elsewhere/arc.sqlite3'])
  t.match(done, { status: 1, stdout: '' })
  t.match(done.stderr, /^arc error: there is no log to read at .*elsewhere\/\.arc\.log;/)
})
