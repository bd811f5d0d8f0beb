// A command line that was mistyped is refused in words that say how it is written, and is never read as something else:
// each option of each command, since they are all checked in one place.

import type { ArgsDef, CommandDef } from 'citty'
import t from 'tap'
import { address, baseUrl } from '../../src/cli/agent-arguments.js'
import { checkCommandLine, list } from '../../src/cli/command-line.js'
import { hubOptionsFrom, wantedFrom } from '../../src/cli/hub-arguments.js'

const NAMES = [
  'resume',
  'wake-test',
  'ensure',
  'hub',
  'status',
  'stop',
  'reset',
  'open',
  'logs',
  'export',
  'import',
  'whoami',
  'post',
  'poll',
  ...[
    'setup',
    'doctor',
    'prompt',
    'hook',
    'message',
    'wait',
    'inbox',
    'reply',
    'ack',
    'receipts',
    'undelivered',
    'call',
    'tail',
    'agent',
    'channel-create',
  ],
  ...['task-add', 'task-next', 'task-reopen', 'task-assign', 'scope', 'leave'],
  ...['agents', 'channels', 'thread', 'tasks', 'done', 'claim', 'release', 'lock', 'unlock', 'holds', 'run'],
  'mcp',
  'relay',
  'smoke',
  'smoke-agent',
  'completion',
  'bench',
]
const COMMANDS = new Map<string, ArgsDef>()
for (const name of NAMES) {
  const { default: command } = (await import(`../../src/cli/commands/${name}.js`)) as { default: CommandDef }
  COMMANDS.set(name, (await command.args) as ArgsDef)
}
const of = (command: string): ArgsDef => COMMANDS.get(command) ?? {}
const check = (command: string, ...args: string[]) => checkCommandLine(args, of(command))

for (const [command, known] of COMMANDS) {
  const strings = Object.keys(known).filter((name) => known[name]?.type === 'string')
  const booleans = Object.keys(known).filter((name) => known[name]?.type === 'boolean')

  t.test(`${command}: an option without its value is refused`, async (t) => {
    for (const name of strings) {
      for (const args of [[`--${name}`], [`--${name}=`], [`--${name}`, ''], [`--${name}`, '  ']])
        t.throws(() => check(command, ...args), { message: `--${name} needs a value` })
    }
  })

  t.test(`${command}: the next option is not taken for the value of one that has none`, async (t) => {
    for (const name of strings) {
      const message = `--${name} needs a value; if --port is meant to be it, write --${name}=--port`
      t.throws(() => check(command, `--${name}`, '--port', '1'), { message })
    }
  })

  t.test(`${command}: an option that is given twice is refused, but for one that is a list`, async (t) => {
    for (const name of strings) {
      const twice = () => check(command, `--${name}`, 'a', `--${name}=b`)
      if (name === 'allow-host' || name === 'attach') t.doesNotThrow(twice)
      else t.throws(twice, { message: `--${name} is given twice; give it once` })
    }
    for (const name of booleans) t.throws(() => check(command, `--${name}`, `--no-${name}`), /is given twice/)
  })

  t.test(`${command}: a switch takes no value but true and false`, async (t) => {
    for (const name of booleans) {
      for (const value of ['no', 'off', '0', '', 'maybe'])
        t.throws(() => check(command, `--${name}=${value}`), {
          message: `--${name} takes no value; leave out =${value}`,
        })
      t.throws(() => check(command, `--no-${name}=true`), /takes no value/)
      for (const args of [`--${name}`, `--no-${name}`, `--${name}=true`, `--${name}=false`])
        t.doesNotThrow(() => check(command, args))
    }
  })

  t.test(`${command}: an option that is a little different is refused with the right one`, async (t) => {
    for (const name of strings.filter((one) => one.length > 1)) {
      for (const typed of [
        `-${name}`,
        `--${name.toUpperCase()}`,
        `--${name.replaceAll('-', '_')}x`.slice(0, -1),
      ]) {
        if (typed === `--${name}`) continue
        t.throws(() => check(command, typed, '1'), {
          message: `unknown option ${typed}; it is written --${name}`,
        })
      }
      t.throws(() => check(command, `--no-${name}`), new RegExp(`^unknown option --no-${name}(;|$)`))
    }
    t.throws(() => check(command, '--nonsense'), { message: 'unknown option --nonsense' })
    t.throws(() => check(command, '-x', '1'), { message: 'unknown option -x' })
  })
}

t.test('what is no option is refused where none is taken, also after --', async (t) => {
  t.throws(() => check('ensure', 'port=7000'), { message: 'unexpected argument "port=7000"' })
  t.throws(() => check('ensure', '--', '--port', '7000'), {
    message: 'unexpected argument "--port"',
  })
  t.throws(
    () => check('post', 'two', 'words'),
    /unexpected argument "words"; put a text with spaces in quotes/,
  )
  t.doesNotThrow(() => check('post', '--agent', 'me', '--', '--no-relay is an option'))
  t.doesNotThrow(() => check('logs', '-f'))
})

t.test('a text is no option of post', async (t) => {
  t.throws(() => check('post', '--agent', 'me', '--text', 'hi'), /unknown option --text/)
})

t.test('--allow-host holds names, one by one or with commas', async (t) => {
  const args = ['--allow-host', 'a.local,b', '--port', '1', '--allow-host=c']
  t.strictSame(list(args, of('ensure'), 'allow-host'), ['a.local', 'b', 'c'])
  t.strictSame(
    list(['--storage', '--allow-host=x'], of('ensure'), 'allow-host'),
    [],
    'and no value of another option',
  )
  for (const wrong of ['http://a', 'a:80', 'a b', '*'])
    t.throws(
      () => hubOptionsFrom({}, ['--allow-host', wrong]),
      /--allow-host must be a host name such as .*, without a port/,
    )
})

t.test('port 0, any free one, is only for a hub that is to be started', async (t) => {
  t.throws(() => wantedFrom({ port: '0' }), /--port must be a whole number from 1 to 65535/)
  t.equal(hubOptionsFrom({ port: '0' }, []).port, 0)
})

t.test('an address that is none is refused by the name of where it was said', async (t) => {
  const words = 'must be an http:// or https:// URL such as http://127.0.0.1:6969, not'
  for (const wrong of ['127.0.0.1:6969', 'localhost', 'ftp://x', 'http://', 'http://127.0.0.1:99999'])
    t.throws(() => address(wrong, '--base-url'), {
      message: `--base-url ${words} "${wrong}"`,
    })
  t.throws(() => baseUrl({ 'base-url': '' }), /--base-url needs a value/)
  process.env.ARC_BASE_URL = 'nonsense'
  t.teardown(() => delete process.env.ARC_BASE_URL)
  t.throws(() => baseUrl({}), { message: `ARC_BASE_URL ${words} "nonsense"` })
})
