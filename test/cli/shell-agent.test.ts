// An agent that has only a shell does a whole job by `arc` alone: it looks who is there, takes a task and a file that another
// agent then can't have, posts a log from a pipe, hands over, completes, and lets go of all of it.

import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { PROGRAM } from '../../src/package.js'
import type { Claim, Lock, Message, Session, Task, ThreadDetail } from '../../src/protocol/objects.js'
import { call, json, jsonLines, Place } from '../support/arc-process.js'
import { until } from '../support/waiting.js'

const place = new Place(t)
await place.ensure(['--port', '0', '--no-relay', '--presence-ttl-sec', '5'])
const as = (agent: string, ...args: string[]) => {
  const [command = '', ...rest] = args
  return place.arc([command, '--agent', agent, ...rest])
}

let task: Message

t.test('a job is posted, and the agents see each other', async (t) => {
  task = json<Message>(await as('lead', 'post', '--kind', 'task', '--thread-id', 'job', 'mend the parser'))
  const here = jsonLines<Session>(await as('sh', 'agents'))
  t.strictSame(
    here.map(({ agent_id }) => agent_id),
    ['lead', 'sh'],
  )
  t.match(here, [{ presence_ttl_sec: 3_600 }, { presence_ttl_sec: 3_600 }], 'a shell has an hour to think')
  t.match(jsonLines(await as('sh', 'channels')), [{ name: 'direct' }, { name: 'general' }])
})

t.test('it takes the task and the file, and another agent is told who has them', async (t) => {
  const key = `task-${task.id}`
  t.match(jsonLines<Task>(await as('sh', 'tasks', '--status', 'open')), [
    { task_id: task.id, thread_id: 'job' },
  ])
  t.match(json(await as('sh', 'claim', key)), {
    acquired: true,
    claim: { claim_key: key, owner_agent_id: 'sh' },
  })
  t.match(json(await as('sh', 'lock', 'src/parser.ts')), { acquired: true, lock: { agent_id: 'sh' } })
  for (const [verb, what] of [
    ['claim', key],
    ['lock', 'src/parser.ts'],
  ] as const) {
    const refused = await as('lead', verb, what)
    t.equal(refused.status, 1)
    t.match(refused.stderr, `sh has ${what} until `)
    t.match(json(refused), { acquired: false })
  }
  const held = jsonLines<Claim | Lock>(await as('lead', 'holds'))
  t.match(held, [{ claim_key: key }, { file_path: 'src/parser.ts' }])
  const [, lock] = held as [Claim, Lock]
  t.equal(Date.parse(lock.expires_at) - Date.parse(lock.locked_at), 3_600_000)
})

t.test('it posts a log from a pipe, and answers a message', async (t) => {
  const args = [PROGRAM, 'post', '--agent', 'sh', '--thread-id', 'job', '--kind', 'artifact', '-']
  const post = spawn(process.execPath, args, { cwd: place.folder, env: { PATH: process.env.PATH } })
  post.stdin.end('line 1\nline 2\n-- all tests pass --\n')
  const log = JSON.parse(await text(post.stdout)) as Message
  t.equal(log.body, 'line 1\nline 2\n-- all tests pass --\n')
  const answer = json<Message>(await as('sh', 'post', '--to', 'lead', '--reply-to', `${log.id}`, 'yours now'))
  t.match(answer, { reply_to: log.id, to_agent: 'lead' })
  const thread = json<ThreadDetail>(await as('lead', 'thread', 'job'))
  t.match(thread, { thread: { status: 'waiting' }, messages: [{ id: task.id }, { id: log.id }] })
})

t.test('it completes the task and gives up what it held', async (t) => {
  t.match(json(await as('sh', 'done', `${task.id}`)), { task: { status: 'done' } })
  t.match(json(await as('sh', 'unlock', 'src/parser.ts')), { released: 'src/parser.ts' })
  t.strictSame(jsonLines(await as('sh', 'holds')), [])
  t.strictSame(jsonLines(await as('sh', 'tasks', '--status', 'open')), [])
  t.match(json(await as('lead', 'lock', 'src/parser.ts', '--ttl-sec', '60')), { acquired: true })
})

t.test('a lock is held while a command runs, which says how it ended', async (t) => {
  const hold = ['run', '--lock', 'db', '--', process.execPath, '-e']
  const running = place.start([
    'run',
    '--agent',
    'sh',
    ...hold.slice(1),
    "process.stdin.once('data', () => process.exit(3)); console.log('runs')",
  ])
  await until('it to run', () => running.stdout.includes('runs'))
  t.match(await as('lead', 'lock', 'db'), { status: 1, stderr: /sh has db/ })
  t.match(await as('lead', ...hold, '0'), {
    status: 1,
    stderr: /sh has db until .*; the command was not run/,
  })
  const waiting = place.start([
    'run',
    '--agent',
    'lead',
    '--wait',
    '30',
    ...hold.slice(1),
    "console.log('mine now')",
  ])
  running.child.stdin?.write('end')
  t.match(await running.finished, { status: 3, stdout: 'runs\n' })
  t.match(await waiting.finished, { status: 0, stdout: 'mine now\n' })
  t.strictSame(
    jsonLines<Lock>(await as('sh', 'holds')).filter(({ file_path }) => file_path === 'db'),
    [],
  )
  const ended = await as('sh', 'run', '--lock', 'db', '--', 'sh', '-c', 'kill -TERM $$')
  t.equal(ended.status, 128 + 15)
  t.match(await as('sh', 'run', '--lock', 'db', '--', 'no-such-command'), {
    status: 127,
    stderr: /can't be run/,
  })
})

t.test('the transcript of a whole job', async (t) => {
  const other = new Place(t)
  const { url } = await other.ensure(['--port', '0', '--no-relay'])
  const sh = (line: string) =>
    other.arc([], { prefix: ['sh', '-c', line.replaceAll(/\barc /g, '"$@" '), 'sh'] })
  // The lead and the tester have left work behind.
  await sh('arc task add --agent lead --thread-id job "mend the parser\nIt drops the last line."')
  await sh('arc whoami --agent tester')

  // Who is there?
  const here = jsonLines<Session>(await sh('arc agents --agent sh'))
  t.strictSame(
    here.map(({ agent_id }) => agent_id),
    ['lead', 'sh', 'tester'],
  )
  // What is there to do?
  const taken = json<{ task: Task; fence: number; message: Message }>(await sh('arc task next --agent sh'))
  t.match(taken, {
    task: { status: 'open', assignee: 'sh' },
    message: { from_agent: 'lead', thread_id: 'job' },
  })
  const id = taken.task.task_id
  t.match(await sh('arc task next --agent tester'), { status: 124, stdout: '' }, 'nobody else has it')
  // Nobody else edits it now.
  t.match(json(await sh('arc lock --agent sh ./src//parser.ts')), { lock: { file_path: 'src/parser.ts' } })
  t.match(json(await sh('arc scope --agent sh "test/parser/**"')), { acquired: true })
  t.match(await sh('arc lock --agent tester test/parser/a.ts'), { status: 1 })
  // What the tests say.
  const log = json<Message>(
    await sh("printf 'ok 1\\nok 2\\n' | arc post --agent sh --thread-id job --kind artifact"),
  )
  t.equal(log.body, 'ok 1\nok 2\n')
  // Over to the tester, who reads and answers.
  const handed = await sh(
    `arc post --agent sh --to tester --reply-to ${log.id} --expect-known "please check"`,
  )
  t.equal(handed.stderr, '', 'the tester is there')
  t.match(jsonLines(await sh('arc poll --agent tester --ack')), [{ id: log.id }, { body: 'please check' }])
  const { id: asked } = json<Message>(handed)
  t.match(jsonLines(await sh(`arc receipts --agent sh ${asked}`)), [{ state: 'acknowledged', via: 'cli' }])
  await sh(`arc reply --agent tester ${asked} "it is right"`)
  await sh('arc wait --agent sh')
  t.match(jsonLines(await sh('arc poll --agent sh')), [{ body: 'it is right', to_agent: 'sh' }])
  // Done; all of it is free again.
  t.match(json(await sh(`arc task done --agent sh ${id}`)), { task: { status: 'done' } })
  await sh('arc unlock --agent sh src/parser.ts')
  const held = jsonLines<{ scope_id?: number; claim_key?: string }>(await sh('arc holds --agent sh'))
  for (const { scope_id, claim_key } of held) {
    if (scope_id !== undefined) await sh(`arc scope --agent sh --release ${scope_id}`)
    if (claim_key !== undefined) await sh(`arc release --agent sh ${claim_key}`)
  }
  t.strictSame(jsonLines(await sh('arc holds --agent lead')), [])
  await sh('arc lock --agent sh left/behind.ts')
  await sh('arc claim --agent sh left-behind')
  await sh("arc scope --agent sh 'left/**'")
  t.match(json(await sh('arc leave --agent sh')), { left: 'sh' })
  t.match(await sh('arc holds --agent lead'), { stdout: '' }, 'nothing is left behind')
  const left = await call<Session[]>(url, '/v1/agents')
  t.strictSame(
    left.map(({ agent_id }) => agent_id),
    ['lead', 'tester'],
  )
  // It was not done after all.
  t.match(json(await sh(`arc task reopen --agent lead ${id}`)), { status: 'open' })
  t.match(json(await sh(`arc task assign --agent lead ${id} tester`)), { assignee: 'tester' })
})

t.test('mistakes are told with what to do', async (t) => {
  const mistakes: readonly [args: string[], says: RegExp, status?: number][] = [
    [['lock'], /KEY is required/],
    [['lock', ' '], /KEY is required/],
    [['lock', 'a', 'b'], /unexpected argument "b"/],
    [['lock', 'a', '--ttl-sec', '1'], /--ttl-sec must be a whole number from 5/],
    [['done', 'seven'], /TASK must be the number of a message, not "seven"/],
    [['done', '999'], /task 999 does not exist/, 1],
    [['thread'], /THREAD is required/],
    [['thread', 'nowhere'], /nowhere/, 1],
    [['tasks', '--status', 'lost'], /--status must be one of open, done/],
    [['unlock', 'never.ts'], /holds no active lock on "never.ts"/, 1],
    [['release', 'never'], /holds no active claim on "never"/, 1],
    [['run', '--lock', 'a'], /a COMMAND is required after --/],
    [['run', '--', 'true'], /--lock is required/],
    [['post', '--reply-to', 'x', 'y'], /--reply-to must be a whole number/],
  ]
  for (const [args, says, status = 2] of mistakes) {
    const done = await as('sh', ...args)
    t.match(done, { status, stdout: '' })
    t.match(done.stderr, says, args.join(' '))
  }
})
