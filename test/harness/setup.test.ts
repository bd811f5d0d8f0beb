// `arc setup` on configurations as people have them: all but Arc's own entries stays byte for byte, twice is once, and `--undo`
// gives back what was there.

import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'jsonc-parser'
import t, { type Test } from 'tap'
import { HARNESS_NAMES, type HarnessName } from '../../src/harness/harness.js'
import { PLACES } from '../../src/harness/places.js'
import { installedHarnesses, type SetupReport, setUp } from '../../src/harness/setup.js'
import { ownFolder } from '../support/folder.js'

const PROGRAM = { node: '/opt/node 22/bin/node', hook: "/opt/it's arc/dist/program/hook.cjs" }

/** Runs `work` with a home of its own. */
async function atHome(t: Test, work: (home: string) => void | Promise<void>): Promise<void> {
  const home = ownFolder(t)
  const own = { HOME: home, XDG_STATE_HOME: join(home, 'state') }
  const others = ['CLAUDE_CONFIG_DIR', 'CODEX_HOME', 'COPILOT_HOME', 'LOCALAPPDATA']
  const before = [...Object.keys(own), ...others].map((name) => [name, process.env[name]] as const)
  for (const name of others) delete process.env[name]
  Object.assign(process.env, own)
  try {
    await work(home)
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}

const set = (harness: HarnessName, more: object = {}): SetupReport =>
  setUp(harness, { program: PROGRAM, undo: false, dryRun: false, ...more })

const EVENT: Readonly<Record<HarnessName, string>> = {
  claude: 'Stop',
  codex: 'Stop',
  gemini: 'AfterTool',
  qwen: 'Stop',
  copilot: 'postToolUse',
  cursor: 'stop',
}

/** The value of a configuration without our entries, and without the lists and members that they need. */
function withoutOurs(text: string): unknown {
  const value = (parse(text.replace(/^\uFEFF/, ''), [], { allowTrailingComma: true }) ?? {}) as Record<
    string,
    unknown
  >
  const hooks = { ...(value.hooks as Record<string, unknown[]> | undefined) }
  for (const [event, list] of Object.entries(hooks)) {
    const others = list.filter((entry) => !JSON.stringify(entry).includes('hook.cjs'))
    if (others.length === 0) delete hooks[event]
    else hooks[event] = others
  }
  return { ...value, version: 1, hooks }
}

/** Configurations with what people have in them: comments, other hooks and servers, odd order, tabs, Windows' line ends. */
const EXISTING = (harness: HarnessName): Readonly<Record<string, string>> => ({
  'two spaces and comments': `{
  // mine
  "theme": "dark", /* odd   spacing */
  "hooks": {
    "${EVENT[harness]}": [
      { "hooks": [ { "type": "command", "command": "say done" } ] } // keep this first
    ],
    "Other": []
  },
  "mcpServers": {"x": {"command": "y"}}
}
`,
  'tabs and CRLF': '{\r\n\t"mcpServers": {},\r\n\t"hooks": {}\r\n}\r\n',
  'one line': '{"version":1,"a":[1,2,3],"hooks":{"Other":[{"command":"x"}]}}',
  'a byte order mark': '\uFEFF{\n    "a": 1\n}\n',
  'trailing commas': '{\n  "a": [1, 2,],\n}\n',
  empty: '',
})

for (const harness of HARNESS_NAMES) {
  for (const [what, text] of Object.entries(EXISTING(harness))) {
    t.test(`${harness}, ${what}: our entries are added last, the rest stays, and comes back`, (t) =>
      atHome(t, () => {
        const file = PLACES[harness].file(undefined)
        mkdirSync(dirname(file), { recursive: true })
        writeFileSync(file, text, { mode: 0o644 })
        t.equal(set(harness, { dryRun: true }).outcome, 'written')
        t.equal(readFileSync(file, 'utf8'), text, 'a dry run writes nothing')
        t.equal(set(harness).outcome, 'written')
        const after = readFileSync(file, 'utf8')
        t.match(after, /hook\.cjs/)
        t.equal(after.startsWith('\uFEFF'), text.startsWith('\uFEFF'))
        t.equal(/\r\n/.test(after), /\r\n/.test(text))
        t.notMatch(after.replaceAll('\r\n', ''), /\r/)
        for (const line of text.split(/\r?\n/).filter((line) => /mine|odd|say done|keep this/.test(line))) {
          t.ok(after.includes(line) || after.includes(line.replace(' } ] }', ' } ] },')), line)
        }
        t.ok(after.indexOf('say done') < after.lastIndexOf('hook.cjs'), 'last in the list')
        t.strictSame(withoutOurs(after), withoutOurs(text), 'all else has the same value')
        t.equal(set(harness).outcome, 'unchanged', 'twice is once')
        t.equal(statSync(file).mode & 0o777, 0o644)
        t.equal(set(harness, { undo: true }).outcome, 'removed')
        t.equal(readFileSync(file, 'utf8'), text)
        t.equal(set(harness, { undo: true }).outcome, 'unchanged')
      }),
    )
  }

  t.test(`${harness}: a file that was changed since loses our entries alone`, (t) =>
    atHome(t, () => {
      const file = PLACES[harness].file(undefined)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, '{\n  "a": 1\n}\n')
      set(harness)
      const changed = readFileSync(file, 'utf8').replace('"a": 1', '"a": /* changed */ 2')
      writeFileSync(file, changed)
      t.equal(set(harness, { undo: true }).outcome, 'removed')
      const after = readFileSync(file, 'utf8')
      t.match(after, '"a": /* changed */ 2')
      t.notMatch(after, /hook\.cjs/)
    }),
  )

  t.test(`${harness}: no file before, none after`, (t) =>
    atHome(t, () => {
      const file = PLACES[harness].file(undefined)
      t.equal(set(harness).outcome, 'written')
      const written = JSON.parse(readFileSync(file, 'utf8'))
      t.equal(Object.keys(written.hooks).length, PLACES[harness].settings(PROGRAM).entries.length)
      t.equal(set(harness, { undo: true }).outcome, 'removed')
      t.notOk(existsSync(file))
    }),
  )

  t.test(`${harness}: a file that can't be read is left alone`, (t) =>
    atHome(t, () => {
      const file = PLACES[harness].file(undefined)
      mkdirSync(dirname(file), { recursive: true })
      for (const broken of ['{ "hooks": ', '[1]', 'hooks = 1']) {
        writeFileSync(file, broken)
        t.match(set(harness), { outcome: 'unreadable', entries: [{ list: /^hooks\./ }] })
        t.equal(set(harness, { undo: true }).outcome, 'unreadable')
        t.equal(readFileSync(file, 'utf8'), broken)
      }
    }),
  )
}

t.test('a new place of the program is written over the old one', (t) =>
  atHome(t, () => {
    set('claude')
    setUp('claude', { program: { node: '/new/node', hook: '/new/hook.cjs' }, undo: false, dryRun: false })
    const text = readFileSync(PLACES.claude.file(undefined), 'utf8')
    t.notMatch(text, /node 22/)
    t.equal(text.split('/new/hook.cjs').length, 6)
  }),
)

t.test('a link stays a link', (t) =>
  atHome(t, (home) => {
    const file = PLACES.gemini.file(undefined)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(join(home, 'dotfile.json'), '{}\n')
    symlinkSync(join(home, 'dotfile.json'), file)
    set('gemini')
    t.match(readFileSync(join(home, 'dotfile.json'), 'utf8'), /hook\.cjs/)
    set('gemini', { undo: true })
    t.equal(readFileSync(file, 'utf8'), '{}\n')
  }),
)

t.test('which harnesses are here, and the place of a project', (t) =>
  atHome(t, (home) => {
    t.strictSame(installedHarnesses(), [])
    for (const folder of ['.codex', '.copilot']) mkdirSync(join(home, folder))
    t.strictSame(installedHarnesses(), ['codex', 'copilot'])
    const project = join(home, 'project')
    mkdirSync(project)
    t.equal(set('claude', { project }).file, join(project, '.claude', 'settings.local.json'))
  }),
)
