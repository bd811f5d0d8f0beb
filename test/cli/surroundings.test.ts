// Surroundings that fail every command in the same way: the working folder is gone, standard output can't be written, a
// name or an address is none. Each is one clear sentence on standard error and exit status 1, never a stack
// trace, and never a status of 0 for what was not done.

import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import t, { type Test } from 'tap'
import { listenHost } from '../../src/protocol/address.js'
import { type Finished, json, Place } from '../support/arc-process.js'
import { steadyPort } from '../support/ports.js'

t.jobs = 2
const hasV6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))

/** Each command, in a form that works. */
const COMMANDS: readonly (readonly string[])[] = [
  ['ensure', '--port', '0'],
  ['status'],
  ['open', '--print'],
  ['logs'],
  ['export', 'room.jsonl'],
  ['import', 'room.jsonl', '--storage', 'copy.sqlite3'],
  ['whoami', '--agent', 'me'],
  ['post', '--agent', 'me', 'hello'],
  ['poll', '--agent', 'other', '--all', '--timeout', '0'],
  ['agents', '--agent', 'me'],
  ['agent', '--agent', 'me', 'me'],
  ['resume', '--agent', 'me'],
  ['wake-test', '--agent', 'me', '--timeout', '0.1', 'other'],
  ['post', '--agent', 'me', '--to', 'other', 'hello'],
  ['wait', '--agent', 'other', '--timeout', '0'],
  ['undelivered', '--agent', 'me', '--everyone'],
  ['inbox', '--agent', 'other'],
  ['reply', '--agent', 'me', '1', 'yes'],
  ['ack', '--agent', 'other', '3'],
  ['receipts', '--agent', 'me', '3'],
  ['message', '--agent', 'me', '3'],
  ['setup', '--dry-run', 'cursor'],
  ['doctor', 'cursor'],
  ['prompt', '--agent', 'me'],
  ['tail', '--agent', 'me'],
  ['channel', 'create', '--agent', 'me', 'build'],
  ['channels', '--agent', 'me'],
  ['lock', '--agent', 'me', 'a.ts'],
  ['claim', '--agent', 'me', 'key'],
  ['holds', '--agent', 'me'],
  ['unlock', '--agent', 'me', 'a.ts'],
  ['release', '--agent', 'me', 'key'],
  ['smoke', '--transports', 'http,http,http'],
  ['smoke-agent', '--role', 'smoke-a', '--transport', 'http'],
  ['mcp', '--agent', 'me'],
  ['relay', '--spool-dir', 'spool'],
  ['bench', '--quick', 'idle'],
  ['stop'],
  ['reset'],
  ['--port', '0'],
]
const HUB_COMMANDS = COMMANDS.filter(([name = '']) =>
  ['ensure', 'status', 'open', 'logs', 'stop', 'reset', '--port'].includes(name),
)

/** One sentence, in whichever way the command says it; and a status. */
function isRefused(t: Test, done: Finished, text: RegExp, status = 1): void {
  t.match(`${done.stdout}${done.stderr}`, text)
  t.notMatch(done.stderr, /^ +at /m, 'no stack trace')
  t.equal(done.status, status)
}

const DELETED = ['sh', '-c', 'cd "$(mktemp -d -p .)" && rmdir "$PWD" && exec "$@"', 'sh']

t.test('in a working folder that was deleted every command says so', async (t) => {
  const place = new Place(t)
  for (const command of COMMANDS) {
    const done = await place.arc(command, { prefix: DELETED })
    t.match(
      done.stderr,
      /^arc error: the working folder can't be used, it may have been deleted [^\n]+\n$/,
      `${command}`,
    )
    t.equal(done.status, 1)
  }
})

t.test('--version and --help work in a working folder that was deleted', async (t) => {
  const place = new Place(t)
  for (const option of ['--version', '--help'])
    t.match(await place.arc([option], { prefix: DELETED }), { status: 0, stderr: '' })
})

/** Commands that use or look for the room. They name a port, since a hub at the default one is the user's own. */
const ofRoom = (port: number): readonly (readonly string[])[] => [
  ...HUB_COMMANDS.map((command) =>
    command.includes('--port') ? command : [...command, '--port', `${port}`],
  ),
  ['export', 'room.jsonl'],
  ['agents'],
]

t.test(
  'where files and folders stand in each other’s place no command ends with a stack trace',
  async (t) => {
    const port = await steadyPort()
    for (const name of ['.arc.pid', '.arc.log', '.arc.log.1', 'arc.sqlite3', 'server-url', undefined]) {
      const place = new Place(t)
      if (name === undefined) writeFileSync(place.path('.arc'), '')
      else mkdirSync(place.room(name))
      for (const command of ofRoom(port)) {
        if (command[0] === '--port' && name?.startsWith('.arc')) continue // a hub that can do without would run
        const { stderr } = await place.arc(command)
        t.notMatch(stderr, /^ +at /m, `${command} where ${name ?? '.arc'} is of the other kind`)
      }
    }
  },
)

/** Root may enter every folder, so it becomes nobody; another user loses the right. */
const isRoot = process.getuid?.() === 0
const NOBODY = isRoot ? ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'] : []

t.test('in a room that this user may not enter every command says so', async (t) => {
  const place = new Place(t)
  chmodSync(place.folder, 0o777)
  await place.ensure()
  await place.arc(['stop'])
  if (!isRoot) {
    chmodSync(place.room(), 0)
    t.teardown(() => chmodSync(place.room(), 0o700))
  }
  const looking = ['status', 'open', 'stop', 'agents']
  for (const command of ofRoom(await steadyPort())) {
    const [name = ''] = command
    const done = await place.arc(command, { prefix: NOBODY })
    const verdict = looking.includes(name) ? 'is not believed' : "can't be used"
    const text = new RegExp(`\\.arc/\\S+ ${verdict}: (its folder|you may).*(sudo chown|chmod)`)
    if (name === 'agents') t.match(done.stderr, text)
    else isRefused(t, done, text)
    t.notMatch(done.stdout, '"reset":true')
  }
})

const FULL = ['sh', '-c', 'exec "$@" >/dev/full', 'sh']
const withFull = { skip: !existsSync('/dev/full') && 'there is no /dev/full here' }

t.test('every command that can’t print what there is says so', withFull, async (t) => {
  const place = new Place(t)
  await place.ensure()
  await place.arc(['post', '--agent', 'me', 'hello'])
  const silent = ['mcp', 'relay', 'bench', '--port']
  const printing = [
    ...COMMANDS.filter(([name = '']) => !silent.includes(name)),
    ['--help'],
    ['--version'],
    ['stop', '--help'],
  ]
  for (const command of printing) {
    const args = command[0] === 'smoke-agent' ? [...command, '--timeout-sec', '0.01'] : command
    const { status, stderr } = await place.arc(args, { prefix: FULL })
    t.match(stderr, /^arc error: standard output can't be written: ENOSPC[^\n]+\n$/m, `${command}`)
    t.notMatch(stderr, /^ +at /m)
    t.equal(status, 1)
  }
})

t.test('a command whose reader has gone says so', async (t) => {
  const place = new Place(t)
  await place.ensure()
  const running = place.start(['status'])
  running.child.stdout?.destroy()
  const done = await running.finished
  t.equal(done.stderr, "arc error: standard output can't be written: its reader has gone\n")
  t.equal(done.status, 1)
})

t.test('a standard error that can’t be written stops no command', withFull, async (t) => {
  const place = new Place(t)
  const prefix = ['sh', '-c', 'exec "$@" 2>/dev/full', 'sh']
  t.match(json(await place.arc(['ensure', '--port', '0'], { prefix })), { running: true })
  t.match(await place.arc(['strat'], { prefix }), { status: 2, stdout: '' })
})

for (const host of ['nohost.invalid', '240.0.0.1']) {
  t.test(`a hub can’t be started at ${host}, which is no address of this machine`, async (t) => {
    const place = new Place(t)
    for (const command of [['ensure'], []]) {
      for (const port of ['0', '6969']) {
        const done = await place.arc([...command, '--host', host, '--port', port])
        isRefused(
          t,
          done,
          new RegExp(`this machine has no address ${host} to listen on .*; choose another with --host`),
        )
      }
    }
  })
}

t.test('status, stop and open say that there is no such host', async (t) => {
  const place = new Place(t)
  const address = ['--host', 'nohost.invalid', '--port', '6969']
  isRefused(
    t,
    await place.arc(['status', ...address]),
    /http:\/\/nohost.invalid:6969 can't be reached: getaddrinfo/,
  )
  isRefused(t, await place.arc(['stop', ...address]), /no running hub found at .* \(getaddrinfo/)
  isRefused(t, await place.arc(['open', ...address]), /can't be reached: getaddrinfo/)
})

t.test('every command that takes --host refuses what is no address', async (t) => {
  const place = new Place(t)
  for (const command of HUB_COMMANDS) {
    const done = await place.arc([...command, '--host', '127.0.0.1:80'])
    isRefused(t, done, /--host must be an IP address or a name of this machine/, 2)
  }
})

t.test('listenHost takes addresses and names, with brackets or without', async (t) => {
  for (const host of [
    '127.0.0.1',
    '0.0.0.0',
    '::',
    '::1',
    'fe80::1',
    'localhost',
    'my-host.example',
    'my_host',
    '127.1',
  ])
    t.equal(listenHost(host), host)
  t.equal(listenHost('[::1]'), '::1')
  for (const host of [
    ...[
      '127.0.0.1:80',
      'http://127.0.0.1',
      '[::1',
      '::1]',
      '[127.0.0.1]',
      '[localhost]',
      'fe80::1%lo',
      'a b',
    ],
    ...['1.2.3.4.5', '999.1.1.1', '::1::', '', ' ', '[]', 'a/b', 'a@b', 'a?b', 'a#b'],
  ])
    t.equal(listenHost(host), undefined, host)
})

t.test('[::1] and ::1 are the same hub', { skip: !hasV6 && 'there is no IPv6 here' }, async (t) => {
  const place = new Place(t)
  const { url, port } = await place.ensure(['--host', '[::1]', '--port', '0'])
  t.equal(url, `http://[::1]:${port}`)
  for (const host of ['::1', '[::1]', '0:0:0:0:0:0:0:1'])
    t.match(json(await place.arc(['ensure', '--host', host, '--port', `${port}`])), { started: false, url })
  t.match(json(await place.arc(['whoami', '--agent', 'me'])), { agent_id: 'me' })
  t.match(json(await place.arc(['stop', '--host', '::1'])), { stopped: true, url })
})

t.test('every command that takes --storage refuses a name that ends in white space', async (t) => {
  const place = new Place(t)
  for (const command of HUB_COMMANDS) {
    const done = await place.arc([...command, '--storage', 'x.sqlite3 '])
    isRefused(
      t,
      done,
      /the storage .?"x.sqlite3 .?" ends in white space; choose a name without, with --storage/,
    )
  }
  t.strictSame(place.processes(), [])
})
