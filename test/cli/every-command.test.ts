// Every command: its help at 80 columns, its JSON, a mistake, no hub, and a reader that has gone. What is said is compared with
// every-command.txt. After a change that is meant: ARC_RENEW=1 node dist/test/cli/every-command.test.js

import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { loaded } from '../../src/cli/command.js'
import { commandHelp, generalHelp } from '../../src/cli/help.js'
import { COMMANDS, HUB } from '../../src/cli/registry.js'
import { call, jsonLines, Place } from '../support/arc-process.js'
import { steadyPort } from '../support/ports.js'

/** A form of each command that works, in this order, in a room with a hub; and what it does not do. */
const FORMS: Readonly<Record<string, { args: string; without?: readonly ('json' | 'hub' | 'output')[] }>> = {
  ensure: { args: '', without: ['hub'] },
  status: { args: '' },
  open: { args: '--print' },
  logs: { args: '', without: ['hub', 'json'] },
  export: { args: 'room.jsonl', without: ['hub', 'output'] },
  import: { args: 'room.jsonl --storage copy.sqlite3', without: ['hub', 'output'] },
  whoami: { args: '--agent me' },
  post: { args: '--agent me --to other hello' },
  undelivered: { args: '--agent me' },
  receipts: { args: '--agent me 1' },
  message: { args: '--agent me 1' },
  setup: { args: '--dry-run cursor', without: ['hub'] },
  doctor: { args: 'cursor', without: ['hub', 'json'] },
  prompt: { args: '--agent me', without: ['hub', 'json'] },
  hook: { args: 'claude', without: ['hub', 'json', 'output'] },
  inbox: { args: '--agent other' },
  wait: { args: '--agent other' },
  poll: { args: '--agent other --all' },
  reply: { args: '--agent other 1 yes' },
  ack: { args: '--agent other 1' },
  call: { args: '--agent me --timeout 0.1 other work', without: ['json', 'output'] },
  tail: { args: '--agent me' },
  agents: { args: '--agent me' },
  'wake-test': { args: '--agent me --timeout 0.1 other', without: ['json'] },
  agent: { args: '--agent me other' },
  resume: { args: '--agent me' },
  channels: { args: '--agent me' },
  'channel create': { args: '--agent me build' },
  thread: { args: '--agent me job' },
  tasks: { args: '--agent me' },
  done: { args: '--agent me 2' },
  'task add': { args: '--agent me another' },
  'task next': { args: '--agent me' },
  'task done': { args: '--agent me 2' },
  'task reopen': { args: '--agent me 2' },
  'task assign': { args: '--agent me 2 other' },
  scope: { args: '--agent me docs/**' },
  claim: { args: '--agent me key' },
  lock: { args: '--agent me src/a.ts' },
  holds: { args: '--agent me' },
  unlock: { args: '--agent me src/a.ts' },
  release: { args: '--agent me key' },
  leave: { args: '--agent me' },
  run: { args: '--agent me --lock db -- true', without: ['json', 'output'] },
  mcp: { args: '', without: ['json', 'hub', 'output'] },
  relay: { args: '', without: ['json', 'hub', 'output'] },
  serve: { args: '', without: ['json', 'hub', 'output'] },
  smoke: { args: '--transports http,http,http' },
  'smoke-agent': { args: '--role smoke-a --transport http --timeout-sec 0.01', without: ['hub', 'json'] },
  completion: { args: 'bash', without: ['json', 'hub'] },
  bench: { args: '', without: ['json', 'hub', 'output'] },
  stop: { args: '', without: ['output'] },
  reset: { args: '--yes', without: ['hub', 'output'] },
}
const forms = Object.entries(FORMS).map(([name, { args, without = [] }]) => ({
  name,
  line: [...name.split(' '), ...args.split(' ').filter(Boolean)],
  does: (what: 'json' | 'hub' | 'output') => !without.includes(what),
}))

const FILE = new URL('../../../test/cli/every-command.txt', import.meta.url)
/** What was asked, by what was said. */
const said = new Map<string, string[]>()

function note(what: string, words: string): void {
  said.set(words, [...(said.get(words) ?? []), what])
}

t.test('every command has a form here', async (t) => {
  t.strictSame([...COMMANDS.keys()].sort(), Object.keys(FORMS).sort())
})

t.test('the help of every command fits 80 columns, and names each of its options', async (t) => {
  const helps: [name: string, help: string][] = [['arc', generalHelp(80)]]
  for (const [name, entry] of [...COMMANDS, ['', HUB] as const]) {
    const command = await loaded(entry)
    const help = commandHelp(name, entry.summary, command, 80)
    helps.push([`arc ${name || 'as a hub'}`, help])
    for (const [option, { type }] of Object.entries(command.args))
      if (type !== 'positional') t.match(help, new RegExp(`--(no-)?${option}\\b`), `${name} --${option}`)
    t.ok(command.examples.length > 0)
    for (const [example] of command.examples) t.match(example, 'arc')
  }
  for (const [name, help] of helps) {
    const wide = help.split('\n').filter((line) => line.length > 80)
    t.strictSame(wide, [], name)
    note(`${name} --help`, help)
  }
})

t.test('a mistake exits with 2, and names the help of the command', async (t) => {
  const place = new Place(t)
  const hook = await place.arc(['hook', 'claude', '--agnet'])
  t.strictSame(
    [hook.status, hook.stdout, hook.stderr],
    [0, '', ''],
    'a harness must not suffer from a mistake',
  )
  for (const { name, line } of forms.filter(({ name }) => name !== 'hook')) {
    const done = await place.arc([...name.split(' '), '--agnet', ...line.slice(name.split(' ').length)])
    t.equal(done.stdout, '', name)
    t.equal(done.status, 2, name)
    note(`arc ${name} --agnet`, done.stderr.replace(`arc ${name} --help`, 'arc COMMAND --help'))
    t.match(done.stderr, `see arc ${name} --help`)
  }
})

t.test('without a hub every command says so, and exits with 1', async (t) => {
  const place = new Place(t)
  const port = `${await steadyPort()}`
  for (const { name, line } of forms.filter(({ does }) => does('hub'))) {
    const end = [...line, '--'].indexOf('--')
    const done = await place.arc([...line.slice(0, end), '--port', port, ...line.slice(end)])
    t.equal(done.status, 1, name)
    note(`arc ${name} without a hub`, `${done.stdout}${done.stderr}`.replaceAll(port, 'PORT'))
  }
})

t.test('results are JSON, and a reader that has gone is told of', async (t) => {
  const place = new Place(t)
  const { url } = await place.ensure()
  const work = { from_agent: 'me', kind: 'task', thread_id: 'job', body: 'a task' }
  let task = 0
  for (const { name, line: form, does } of forms) {
    if (name === 'thread') task = (await call<{ id: number }>(url, '/v1/messages', work)).id
    const line = form.map((word) => (/done|reopen|assign/.test(name) && word === '2' ? `${task}` : word))
    if (does('json')) {
      const done = await place.arc([...line, '--json'])
      t.equal(done.status, 0, `${name}: ${done.stderr}`)
      t.ok(jsonLines<object>(done).length > 0, `${name} prints JSON`)
    }
    if (!does('output')) continue
    const running = place.start(line)
    running.child.stdout?.destroy()
    const { status, stderr } = await running.finished
    if (name === 'poll' || name === 'ack' || name === 'unlock' || name === 'release') continue
    t.equal(status, 1, `${name}, nobody reads`)
    t.match(stderr, "arc error: standard output can't be written: its reader has gone\n")
  }
})

t.test('what is said is what every-command.txt has', async (t) => {
  const text = [...said].map(([words, whats]) => `=== ${whats.join('\n=== ')}\n${words}`).join('\n')
  if (process.env.ARC_RENEW) writeFileSync(FILE, text)
  t.equal(text, readFileSync(FILE, 'utf8'), 'if the change is meant, run this test with ARC_RENEW=1')
})
