// The mailbox by the command line: poll goes on where the agent stood and marks as shown what it has printed; the sender sees
// how far its messages have come; reply answers where a message was said; wait and call end as they say.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { PROGRAM } from '../../src/package.js'
import type { HubStatus, Mailbox, Message, Receipt } from '../../src/protocol/objects.js'
import { call, json, jsonLines, Place, statusOf } from '../support/arc-process.js'
import { steadyPort } from '../support/ports.js'
import { until } from '../support/waiting.js'

const place = new Place(t)
const { url } = await place.ensure(['--port', '0', '--no-relay'])
const as = (agent: string, command: string, ...rest: string[]) =>
  place.arc([command, '--agent', agent, ...rest])
const poll = async (agent: string, ...rest: string[]) =>
  jsonLines<Message & { offers?: number }>(await as(agent, 'poll', '--timeout', '0', ...rest))
const bodies = (rows: readonly Message[]) => rows.map(({ body }) => body)
const receipts = (id: number) => call<Receipt[]>(url, `/v1/messages/${id}/receipts`)

t.test('a newcomer reads what is new and what is for it, then only what came since', async (t) => {
  for (let i = 0; i < 3; i++) await as('alice', 'post', `history ${i}`)
  await as('alice', 'post', '--to', 'bob', 'for bob')
  t.strictSame(bodies(await poll('bob')), ['for bob'])
  t.strictSame(bodies(await poll('bob')), [])
  await as('alice', 'post', 'news')
  t.strictSame(bodies(await poll('bob')), ['news'])
  t.strictSame(bodies(await poll('bob')), [])
})

t.test('history is there on request: --all, --since-id, --tail, --limit', async (t) => {
  const all = await poll('bob', '--all')
  t.strictSame(bodies(all), ['history 0', 'history 1', 'history 2', 'for bob', 'news'])
  t.strictSame(bodies(await poll('bob', '--since-id', `${all[2]?.id}`)), ['for bob', 'news'])
  t.strictSame(bodies(await poll('bob', '--tail', '--limit', '2')), ['for bob', 'news'])
  t.strictSame(bodies(await poll('bob', '--tail', '--channel', 'general', '--limit', '2')), [
    'history 2',
    'news',
  ])
  const page = await as('bob', 'poll', '--all', '--limit', '2')
  t.strictSame(bodies(jsonLines(page)), ['history 0', 'history 1'])
  t.match(page.stderr, `arc: there may be more; arc poll --since-id ${all[1]?.id} goes on`)
  t.match(await as('bob', 'poll', '--all', '--tail'), { status: 2, stderr: /give one; see arc poll --help/ })
  t.match(await as('bob', 'poll', '--all', '--ack'), { status: 2, stderr: /leave out what asks for history/ })
})

t.test('poll says what is left, and waits for what comes', async (t) => {
  for (const body of ['1', '2', '3']) await as('alice', 'post', '--to', 'carl', body)
  const first = await as('carl', 'poll', '--limit', '2')
  t.strictSame(bodies(jsonLines(first)), ['1', '2'])
  t.equal(first.stderr, 'arc: 1 more to read; arc poll again\n')
  t.strictSame(bodies(await poll('carl')), ['3'])
  const waiting = place.start(['poll', '--agent', 'carl', '--timeout', '30'])
  await until('the poll to wait', async () => (await statusOf(url)).waiting_polls > 0)
  await as('alice', 'post', '--to', 'carl', '4')
  t.strictSame(bodies(jsonLines(await waiting.finished)), ['4'])
})

t.test('what poll has printed is shown by the command line, and acknowledged with --ack', async (t) => {
  const { id } = json<Message>(await as('alice', 'post', '--to', 'dora', 'read me'))
  t.match(jsonLines(await as('alice', 'undelivered', '--to', 'dora')), [{ message_id: id, state: 'queued' }])
  await poll('dora')
  t.match(jsonLines(await as('alice', 'receipts', `${id}`)), [
    { state: 'shown', via: 'cli', agent_id: 'dora' },
  ])
  t.strictSame(jsonLines(await as('alice', 'undelivered', '--to', 'dora')), [])
  const next = json<Message>(await as('alice', 'post', '@dora look'))
  t.strictSame(bodies(await poll('dora', '--ack')), ['@dora look'])
  t.match(await receipts(next.id), [{ state: 'acknowledged', via: 'cli' }])
  t.match(json(await as('dora', 'ack', `${id}`, '--note', 'after lunch')), {
    state: 'acknowledged',
    note: 'after lunch',
  })
  t.match(await as('bob', 'ack', `${id}`), { status: 1, stderr: /is not addressed to "bob"/ })
})

t.test('what could not be printed is not shown: it comes again, and says so', async (t) => {
  const { id } = json<Message>(await as('alice', 'post', '--to', 'erin', 'once more'))
  const running = place.start(['poll', '--agent', 'erin'])
  running.child.stdout?.destroy()
  t.match(await running.finished, { status: 1, stderr: /its reader has gone/ })
  t.match(await receipts(id), [{ state: 'offered', shown_at: null, reason: 'offered' }])
  const again = jsonLines<Message>(await as('erin', 'poll', '--timeout', '20'))
  t.match(again, [{ id, offers: 2 }])
  t.match(await receipts(id), [{ state: 'shown', offers: 2 }])
})

const withFull = { skip: !existsSync('/dev/full') && 'there is no /dev/full here' }

t.test(
  'a full disk shows nothing either; the text form says what was offered before',
  withFull,
  async (t) => {
    const { id } = json<Message>(await as('alice', 'post', '--to', 'fay', 'a\u001b[31mb\nsecond line'))
    const prefix = ['sh', '-c', 'exec "$@" >/dev/full', 'sh']
    t.match(await place.arc(['poll', '--agent', 'fay'], { prefix }), { status: 1, stderr: /ENOSPC/ })
    const { stdout } = await as('fay', 'poll', '--no-json', '--timeout', '20')
    t.match(stdout, new RegExp(`^${id}  \\d\\d:\\d\\d:\\d\\d  alice to fay  offered before \\(2 times\\)\n`))
    t.match(stdout, '    a\\x1b[31mb\n    second line\n', 'no escape reaches a terminal')
  },
)

t.test('a poll that was killed while it printed has shown nothing', async (t) => {
  const ids: number[] = []
  for (let i = 0; i < 4; i++) {
    const body = { from_agent: 'alice', to_agent: 'gus', body: 'x'.repeat(120_000) }
    ids.push((await call<Message>(url, '/v1/messages', body)).id)
  }
  // Nobody reads the pipe, which holds less than the messages.
  const args = [PROGRAM, 'poll', '--agent', 'gus']
  const stuck = spawn(process.execPath, args, { cwd: place.folder, env: { PATH: process.env.PATH } })
  const states = async () => (await Promise.all(ids.map(receipts))).map(([receipt]) => receipt?.state)
  await until('the offer', async () => (await states()).every((state) => state === 'offered'))
  stuck.kill('SIGKILL')
  t.strictSame(await states(), ['offered', 'offered', 'offered', 'offered'])
  const again = jsonLines<Message>(await as('gus', 'poll', '--timeout', '20'))
  t.strictSame(
    again.map(({ id }) => id),
    ids,
  )
  t.match(again, [{ offers: 2 }])
})

t.test('two polls at once print each message once', async (t) => {
  await poll('hal')
  for (let i = 0; i < 4; i++) await as('alice', 'post', '--to', 'hal', `${i}`)
  const both = await Promise.all([poll('hal', '--limit', '2'), poll('hal', '--limit', '2')])
  t.strictSame(bodies(both.flat()).sort(), ['0', '1', '2', '3'])
})

t.test('inbox shows what is unread, and leaves it so', async (t) => {
  const { id } = json<Message>(await as('alice', 'post', '--to', 'ida', 'to read'))
  await as('ida', 'whoami')
  for (let i = 0; i < 2; i++) {
    const inbox = await as('ida', 'inbox')
    t.match(jsonLines(inbox), [{ id, body: 'to read', state: 'queued' }])
    t.match(inbox.stderr, 'arc: 1 for ida unread, and 0 more in the room; arc poll reads them')
  }
  await poll('ida')
  t.strictSame(jsonLines(await as('ida', 'inbox')), [])
  t.match(jsonLines(await as('ida', 'inbox', '--all')), [{ id }])
})

t.test('reply answers where the message was said', async (t) => {
  const direct = json<Message>(await as('alice', 'post', '--to', 'jo', '--thread-id', 'job', 'can you?'))
  t.match(json(await as('jo', 'reply', `${direct.id}`, 'yes')), {
    to_agent: 'alice',
    channel: 'direct',
    thread_id: 'job',
    reply_to: direct.id,
  })
  t.match(await receipts(direct.id), [{ state: 'acknowledged' }], 'a reply acknowledges')
  t.match(json(await as('alice', 'reply', `${direct.id}`, 'and now?')), { to_agent: 'jo' })
  await place.arc(['channel', 'create', '--agent', 'alice', 'build'])
  const said = json<Message>(
    await as('alice', 'post', '--channel', 'build', '--thread-id', 'red', 'who broke it?'),
  )
  t.match(json(await as('jo', 'reply', `${said.id}`, 'me')), {
    to_agent: null,
    channel: 'build',
    thread_id: 'red',
    reply_to: said.id,
  })
  t.match(await as('jo', 'reply', '9999', 'x'), { status: 1, stderr: /message 9999 does not exist/ })
})

t.test('the sender of a direct message hears that its addressee is away or unknown', async (t) => {
  const unknown = await as('alice', 'post', '--to', 'nobody', 'hello?')
  t.equal(unknown.status, 0)
  t.match(unknown.stderr, /^arc: \d+ is stored; nobody of the name nobody has signed in yet/)
  t.notHas(json(unknown), { recipient: {} })
  const session = await call<{ session_id: string }>(url, '/v1/sessions', { agent_id: 'kim' })
  await fetch(`${url}/v1/sessions/${session.session_id}`, { method: 'DELETE' })
  t.match((await as('alice', 'post', '--to', 'kim', 'hello?')).stderr, /kim is away, last seen \d{4}-/)
  t.equal((await as('alice', 'post', '--to', 'bob', 'hello')).stderr, '')
})

t.test('wait ends when something is there, and takes nothing of it', async (t) => {
  await poll('lee')
  t.match(await as('lee', 'wait', '--timeout', '0'), { status: 124, stdout: '' })
  await as('alice', 'post', 'for everybody')
  t.match(await as('lee', 'wait', '--timeout', '0'), { status: 124 }, 'that is not for lee alone')
  t.match(json(await as('lee', 'wait', '--any', '--timeout', '0')), { ambient_unread: 1 })
  const waiting = place.start(['wait', '--agent', 'lee'])
  await until('it to wait', async () => (await statusOf(url)).waiting_polls > 0)
  await as('alice', 'post', 'not yet')
  await as('alice', 'post', '@lee now')
  t.match(json<Mailbox>(await waiting.finished), { agent_id: 'lee', unread: 1 })
  t.strictSame(bodies(await poll('lee')), ['for everybody', 'not yet', '@lee now'])
})

t.test('call prints the answer that reply gives, or ends late', async (t) => {
  await as('max', 'whoami')
  const calling = place.start(['call', '--agent', 'alice', 'max', 'run the tests'])
  const [request] = jsonLines<Message>(await as('max', 'poll'))
  t.match(request, { kind: 'task_request', body: 'run the tests' })
  const plain = await as('max', 'reply', `${request?.id}`, 'one moment')
  t.match(plain.stderr, `request ${request?.id} stays open; --kind task_result completes it`)
  await as('max', 'reply', '--kind', 'task_result', `${request?.id}`, 'all pass')
  t.match(json(await calling.finished), { kind: 'task_result', body: 'all pass', from_agent: 'max' })
  const { id } = json<Message>(await calling.finished)
  t.match(json(await as('max', 'receipts', `${id}`)), { state: 'acknowledged' }, 'and max knows')
  t.notOk(bodies(await poll('alice')).includes('all pass'), 'what was printed comes no more')
  t.match(await as('alice', 'call', '--timeout', '0', 'max', 'again'), { status: 2 })
  t.match(await as('alice', 'call', '--timeout', '0.2', 'max', 'again'), {
    status: 124,
    stdout: '',
    stderr: /max did not answer/,
  })
})

t.test('tail shows the last messages, and follows the room with -f', async (t) => {
  const last = jsonLines<Message>(await as('alice', 'tail', '--limit', '2'))
  t.equal(last.length, 2)
  const following = place.start(['tail', '--agent', 'nat', '-f', '--limit', '1'])
  await until('the last message', () => following.stdout.endsWith('\n'))
  await as('alice', 'post', 'one')
  await as('nat', 'post', 'two')
  await until('what was said', () => following.stdout.split('\n').length === 4)
  following.child.kill()
  await following.finished
  t.strictSame(bodies(jsonLines<Message>({ ...following, status: 0, elapsedMs: 0 })).slice(1), ['one', 'two'])
})

t.test('who waits goes on when the hub is started again, also at another port', async (t) => {
  const place = new Place(t)
  const first = await place.ensure()
  const tail = place.start(['tail', '--agent', 'tom', '-f'])
  const poll = place.start(['poll', '--agent', 'paul', '--timeout', '30'])
  const wait = place.start(['wait', '--agent', 'will', '--timeout', '30'])
  const calling = place.start(['call', '--agent', 'carl', 'paul', 'the question'])
  await until('all to wait', async () => (await statusOf(first.url)).waiting_polls >= 3)
  await pause(1_000)
  await place.arc(['stop'])
  const second = await place.ensure(['--port', `${await steadyPort()}`])
  t.not(second.url, first.url)
  const told = [...jsonLines<Message>(await poll.finished)]
  t.match(told, [{ body: 'the question', from_agent: 'carl' }])
  await place.arc(['reply', '--agent', 'paul', '--kind', 'task_result', `${told[0]?.id}`, 'the answer'])
  t.match(json(await calling.finished), { body: 'the answer' })
  await place.arc(['post', '--agent', 'paul', '@will and all'])
  t.match(json<Mailbox>(await wait.finished), { agent_id: 'will', unread: 1 })
  await until('the tail to tell', () => tail.stdout.includes('@will and all'))
  tail.child.kill()
  await tail.finished
})

t.test('a lock that the agent has stays after a run, and two runs do not meet', async (t) => {
  const place = new Place(t)
  await place.ensure()
  const command = ['run', '--agent', 'rob', '--lock', 'db']
  const run = (...args: string[]) => place.arc([...command, ...args])
  const begin = (script: string) => place.start([...command, '--', 'sh', '-c', script])
  const locks = async () => jsonLines<{ key: string }>(await place.arc(['holds', '--json'])).length
  await place.arc(['lock', '--agent', 'rob', 'db'])
  t.equal((await run('--', 'true')).status, 0)
  t.equal(await locks(), 1)
  await place.arc(['unlock', '--agent', 'rob', 'db'])

  const long = begin('echo in; sleep 3; echo out')
  await until('the command to run', () => long.stdout.includes('in'))
  t.match(await run('--', 'true'), { status: 1, stderr: /another arc run of rob has db/ })
  t.equal(await locks(), 1)
  t.match(await run('--wait', '20', '--', 'echo', 'after'), { status: 0, stdout: 'after\n' })
  t.match(await long.finished, { status: 0, stdout: 'in\nout\n' })
  t.equal(await locks(), 0)

  const killed = begin('echo in; exec sleep 60')
  await until('the command to run', () => killed.stdout.includes('in'))
  const [before] = jsonLines<{ expires_at: string }>(await place.arc(['holds', '--json']))
  killed.child.kill('SIGKILL')
  t.match(await run('--wait', '1', '--', 'true'), { status: 1 })
  const [after] = jsonLines<{ expires_at: string }>(await place.arc(['holds', '--json']))
  t.equal(after?.expires_at, before?.expires_at, 'who waits does not keep the lock of a run that is gone')
})

t.test('agent shows one agent whole', async (t) => {
  t.match(json(await as('alice', 'agent', 'max')), {
    agent_id: 'max',
    session: { agent_id: 'max' },
    mailbox: { agent_id: 'max', unread: 1 },
  })
  t.match((await as('alice', 'agent', 'max', '--no-json')).stdout, /^AGENT +LAST SEEN/)
  t.match(await as('alice', 'agent', 'maxx'), { status: 1, stderr: /did you mean "max"/ })
})

t.test('what needs no reply ends no wait; what needs one does', async (t) => {
  await as('wendy', 'whoami')
  await as('alice', 'post', '--to', 'wendy', '--fyi', 'the build is green')
  t.equal((await as('wendy', 'wait', '--timeout', '0')).status, 124)
  const waiting = place.start(['wait', '--agent', 'wendy', '--timeout', '30'])
  await until('the wait to wait', async () =>
    (await call<HubStatus>(url, '/v1/status')).waiting_agents.includes('wendy'),
  )
  await as('alice', 'post', '--to', 'wendy', '--fyi', 'and the tests')
  await as('alice', 'post', '--to', 'wendy', 'please look')
  t.match(json<Mailbox>(await waiting.finished), { unread: 3 })
  t.equal((await as('wendy', 'wait', '--any', '--timeout', '0')).status, 0)
})

t.test('wake-test follows a message until it is shown, and says what came of it', async (t) => {
  const test = (who: string, timeout = '0.2') => as('alice', 'wake-test', '--timeout', timeout, who)
  t.match(await test('nobody-ever', '60'), { status: 124, stdout: /"outcome":"unavailable","before":"away"/ })
  await as('paul', 'whoami')
  t.match(await test('paul'), { status: 124, stdout: /"outcome":"unavailable","before":"unreachable"/ })
  await call(url, '/v1/sessions', { agent_id: 'hooked', harness: 'claude' })
  t.match(await test('hooked'), { status: 124, stdout: /"outcome":"deferred","before":"at its next turn"/ })
  const waiting = place.start(['wait', '--agent', 'paula', '--timeout', '30'])
  const reachOf = async (agent: string) =>
    jsonLines<{ agent_id: string; reach: string }>(await as('alice', 'agents')).find(
      (row) => row.agent_id === agent,
    )?.reach
  await until('the wait to wait', async () => (await reachOf('paula')) === 'wakeable')
  t.match(await test('paula'), { status: 124, stdout: /"outcome":"failed","before":"wakeable"/ })
  await waiting.finished
  const reading = place.start(['poll', '--agent', 'rita', '--timeout', '30'])
  await until('the poll to wait', async () => (await reachOf('rita')) === 'wakeable')
  t.match(await test('rita', '10'), {
    status: 0,
    stdout: /"outcome":"confirmed".*"shown_after_ms":[0-9]+,"via":"/,
  })
  await reading.finished
})
