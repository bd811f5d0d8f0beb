// What is wrong on a command line is said at once, in one line that names it, with exit status 2 and before
// anything is started; and the texts that help: --version, --help, and the help of each command.

import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { json, Place } from '../support/arc-process.js'

t.jobs = 4
const place = new Place(t)

const WRONG: readonly (readonly [args: readonly string[], text: RegExp])[] = [
  [['ensure', '--port', 'abc'], /--port must be a whole number from 0 to 65535/],
  [['ensure', '--port', '70000'], /--port must be a whole number from 0 to 65535/],
  [['ensure', '--port', '-1'], /--port must be a whole number from 0 to 65535/],
  [['ensure', '--port'], /--port needs a value/],
  [['ensure', '--storage='], /--storage needs a value/],
  [['ensure', '--presence-ttl-sec', '1'], /--presence-ttl-sec must be a whole number from 5/],
  [['ensure', '--max-attachments', '0'], /--max-attachments must be a whole number from 1/],
  [['ensure', '--log-level', 'loud'], /--log-level must be one of trace, debug, info, warn, error, silent/],
  [['ensure', '--timeout', 'soon'], /--timeout must be a number of seconds/],
  [['ensure', '--prot', '7000'], /unknown option --prot/],
  [['ensure', 'extra'], /unexpected argument "extra"/],
  [['--port', 'abc'], /--port must be a whole number from 0 to 65535/],
  [['--presence-ttl-sec', '4'], /--presence-ttl-sec must be a whole number from 5/],
  [['--verbose'], /unknown option --verbose/],
  [['strat'], /there is no command "strat"; see arc --help/],
  [['pots'], /did you mean .*arc post/],
  [['channel'], /"arc channel" is followed by a verb: arc channel create/],
  [['channel', 'craete'], /"arc channel" is followed by a verb: arc channel create/],
  [['lock', '--agnet', 'me', 'x'], /unknown option --agnet; did you mean --agent\?; see arc lock --help/],
  [['__proto__'], /there is no command "__proto__"/],
  [['post', 'hello'], /--agent is required/],
  [
    ['post', '--agent', 'me'],
    /TEXT is required; - reads standard input; one that begins with a dash goes after --/,
  ],
  [['post', '--agent', 'me', ' '], /TEXT must not be empty/],
  [['post', '--agent', 'me', '--agent', 'you', 'hi'], /--agent is given twice; give it once/],
  [['ensure', '--port', '1', '--port', '2'], /--port is given twice; give it once/],
  [
    ['post', '--agent', 'me', '- a list'],
    /"- a list" is read as an option; a text that begins with a dash goes after --/,
  ],
  [
    ['post', '--agent', 'me', 'two', 'words'],
    /unexpected argument "words"; put a text with spaces in quotes/,
  ],
  [['post', '--agent', 'me', '--kind', 'shout', 'hi'], /--kind must be one of .*chat/],
  [['poll'], /--agent is required/],
  [['poll', '--agent', 'me', '--since-id', 'x'], /--since-id must be a whole number/],
  [['poll', '--agent', 'me', '--timeout', 'x'], /--timeout must be a number of seconds/],
  [['whoami'], /--agent is required/],
  [
    ['whoami', '--agent', 'me', '--base-url', 'nonsense'],
    /must be an http:\/\/ or https:\/\/ URL such as .*, not "nonsense"/,
  ],
  [['logs', '--lines', 'all'], /--lines must be a whole number/],
  [['smoke-agent', '--transport', 'http'], /--role is required/],
  [
    ['smoke-agent', '--role', 'smoke-d', '--transport', 'http'],
    /--role must be one of smoke-a, smoke-b, smoke-c/,
  ],
  [['smoke-agent', '--role', 'smoke-a', '--transport', 'pigeon'], /--transport must be one of http, relay/],
  [
    ['smoke-agent', '--role', 'smoke-a', '--transport', 'http', '--timeout-sec', '0'],
    /must be more than 0 seconds/,
  ],
  [
    ['smoke-agent', '--role', 'smoke-a', '--transport', 'http', '--timeout-sec', '2147484'],
    /of seconds such as 5 or 0.5, at most 1000000/,
  ],
  [
    ['ensure', '--timeout', '2147484'],
    /--timeout must be a number of seconds such as 5 or 0.5, at most 1000000/,
  ],
  [['ensure', '--timeout', '0'], /--timeout must be more than 0 seconds/],
  [
    ['poll', '--agent', 'me', '--timeout', '2147484'],
    /--timeout must be a number of seconds such as 5 or 0.5, at most 1000000/,
  ],
  [
    ['relay', '--request-timeout-sec', '2147484'],
    /must be a number of seconds such as 5 or 0.5, at most 1000000/,
  ],
  [
    ['relay', '--poll-interval-sec', '2147484'],
    /must be a number of seconds such as 5 or 0.5, at most 1000000/,
  ],
  [['relay', '--request-timeout-sec', '0'], /--request-timeout-sec must be more than 0 seconds/],
  [['relay', '--base-url', 'nonsense'], /must be an http:\/\/ or https:\/\/ URL such as .*, not "nonsense"/],
]

for (const [args, text] of WRONG) {
  t.test(`arc ${args.join(' ')} is refused`, async (t) => {
    const done = await place.arc(args)
    t.equal(done.status, 2)
    t.equal(done.stdout, '')
    t.match(done.stderr, /^arc error: [^\n]+\n$/)
    t.match(done.stderr, text)
  })
}

t.test('arc stop --port abc is refused in the JSON that stop prints', async (t) => {
  const done = await place.arc(['stop', '--port', 'abc'])
  t.match(json(done), { stopped: false, error: /--port must be a whole number from 1 to 65535/ })
  t.equal(done.status, 2)
})

t.test('--version prints arc and the version of the package', async (t) => {
  const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
  t.match(await place.arc(['--version']), { status: 0, stdout: `arc ${manifest.version}\n`, stderr: '' })
})

t.test('--help lists the commands and shows examples', async (t) => {
  const { stdout, stderr, status } = await place.arc(['--help'])
  t.match(stdout, /^Commands:\n {2}ensure /m)
  t.match(stdout, /^Examples:\n {2}arc ensure /m)
  for (const command of [
    'ensure',
    'stop',
    'reset',
    'status',
    'logs',
    'whoami',
    'post',
    'poll',
    'relay',
    'smoke',
    'smoke-agent',
  ])
    t.match(stdout, new RegExp(`^ {2}${command} `, 'm'))
  t.equal(stderr, '')
  t.equal(status, 0)
})

for (const ask of ['help', '--help']) {
  t.test(`arc ${ask} post is arc post --help`, async (t) => {
    const [asked, direct] = [await place.arc([ask, 'post']), await place.arc(['post', '--help'])]
    t.equal(asked.stdout, direct.stdout)
    t.match(asked.stdout, '--thread-id')
  })
}

for (const [command, option] of [
  ['ensure', '--timeout'],
  ['stop', '--storage'],
  ['post', '--thread-id'],
  ['poll', '--include-self'],
  ['relay', '--spool-dir'],
  ['smoke', '--no-network'],
  ['smoke-agent', '--claim-key'],
] as const) {
  t.test(
    `${command} --help lists its options, in plain text when it isn't a terminal that reads`,
    async (t) => {
      const { stdout, stderr, status } = await place.arc([command, '--help'])
      t.match(stdout, `arc ${command}`)
      t.match(stdout, option)
      t.notMatch(stdout, '\u001b')
      t.equal(stderr, '')
      t.equal(status, 0)
    },
  )
}

t.test('--help-options lists the options of the hub in the foreground', async (t) => {
  const { stdout, status } = await place.arc(['--help-options'])
  for (const option of ['--host', '--port', '--storage', '--quiet', '--presence-ttl-sec'])
    t.match(stdout, option)
  t.equal(status, 0)
})

t.teardown(() => {
  const left = readdirSync(place.folder)
  if (left.length > 0) throw new Error(`a refused command left ${left.join(', ')}`)
})
