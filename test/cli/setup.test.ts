// `arc setup` as a person runs it: what it prints, what it asks at a terminal, and what it leaves to be done by hand.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { type Finished, jsonLines, Place } from '../support/arc-process.js'
import { until } from '../support/waiting.js'

interface Report {
  readonly harness: string
  readonly files: readonly { file: string; outcome: string; change: string[]; by_hand: string[] }[]
  readonly remains: readonly string[]
}

const permission = 'mcp__arc__*'

t.test('without names it sets up what is installed, and prints each line that comes and goes', async (t) => {
  const place = new Place(t)
  const none = await place.arc(['setup'], { env: { PATH: place.below('empty') } })
  t.match(none, { status: 1, stderr: /no harness is installed here; name one: arc setup claude\|codex/ })
  place.below('.gemini')
  const config = place.path('.gemini', 'settings.json')
  writeFileSync(config, '{\n  "mcpServers": {\n    "x": { "command": "y" }\n  }\n}\n')
  const env = { PATH: place.below('empty') }
  const dry = await place.arc(['setup', '--dry-run', '--no-json'], { env })
  t.match(dry.stdout, new RegExp(`^gemini: ${config} would be written\n`))
  t.match(
    dry.stdout,
    /\n {2}- {4}"x": \{ "command": "y" \}\n {2}\+ {4}"x": \{ "command": "y" \},\n {2}\+ {4}"arc": \{/,
  )
  t.match(dry.stdout, /\n {2}then: start it again/)
  const [report] = jsonLines<Report>(await place.arc(['setup'], { env }))
  t.match(report, { harness: 'gemini', files: [{ file: config, outcome: 'written', by_hand: [] }] })
  t.equal(report?.files[0]?.change.filter((line) => line.startsWith('-')).length, 1, 'one line got a comma')
  t.match(await place.arc(['setup', '--no-json'], { env }), {
    stdout: `gemini: ${config} unchanged\n`,
    status: 0,
  })
  t.match(await place.arc(['setup', '--undo', '--no-json'], { env }), {
    stdout: `gemini: ${config} removed\n`,
    status: 0,
  })
})

t.test('into a pipe nobody is asked, and no permission is written; by the option it is', async (t) => {
  const place = new Place(t)
  const settings = place.path('.claude', 'settings.json')
  t.match(await place.arc(['setup', 'claude']), { status: 0, stderr: '' })
  t.notMatch(readFileSync(settings, 'utf8'), permission)
  t.match(await place.arc(['setup', 'claude', '--permissions']), { status: 0 })
  t.match(readFileSync(settings, 'utf8'), permission)
  await place.arc(['setup', 'claude', '--undo'])
  t.notOk(existsSync(settings))
})

t.test('what has to be written by hand is printed whole, and the status says so', async (t) => {
  const place = new Place(t)
  mkdirSync(place.path('.codex'))
  writeFileSync(place.path('.codex', 'config.toml'), 'model = \n')
  const { status, stderr } = await place.arc(['setup', 'codex'])
  t.equal(status, 1)
  t.match(
    stderr,
    /config\.toml can't be read, so it was left alone; put this into it by hand:\n {2}\[mcp_servers\.arc\]\n {2}command = /,
  )
  t.equal(readFileSync(place.path('.codex', 'config.toml'), 'utf8'), 'model = \n')
  const undone = await place.arc(['setup', 'codex', '--undo'])
  t.match(undone.stderr, /take this out of it by hand/)
})

const AT_TERMINAL = ['sh', '-c', `exec script -qec "'$0' '$1' $2 $3" /dev/null`]
const needsScript = spawnSync('script', ['--version']).error ? 'needs script, to have a terminal' : false

async function answering(place: Place, harness: string, answer: string): Promise<Finished> {
  const running = place.start(['setup', harness], { prefix: AT_TERMINAL })
  await until('the question', () => running.stdout.includes('[y/N]'))
  running.child.stdin?.write(answer)
  return running.finished
}

t.test('at a terminal it asks for the permission, once', { skip: needsScript }, async (t) => {
  const place = new Place(t)
  const settings = place.path('.claude', 'settings.json')
  const question = "May the models of claude use Arc's tools without asking you each time? [y/N]"
  t.match((await answering(place, 'claude', 'n\n')).stdout, question)
  t.notMatch(readFileSync(settings, 'utf8'), permission)
  t.match((await answering(place, 'claude', 'y\n')).status, 0)
  t.match(readFileSync(settings, 'utf8'), permission)
  for (const harness of ['claude', 'cursor']) {
    const { stdout } = await place.arc(['setup', harness], { prefix: AT_TERMINAL })
    t.notMatch(stdout, '[y/N]', `${harness}: it is there, or there is none to write`)
  }
})
