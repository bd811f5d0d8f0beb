// `arc setup` on configurations as people have them: all but Arc's own entries stays byte for byte, twice is once, and `--undo`
// gives back what was there.

import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'jsonc-parser'
import { parse as parseToml } from 'smol-toml'
import t, { type Test } from 'tap'
import {
  REFUSING_HARNESSES,
  SETUP_NAMES,
  type SetupName,
  WAKING_HARNESSES,
} from '../../src/harness/places.js'
import { installedHarnesses, type SetupReport } from '../../src/harness/setup.js'
import { anyJson, HOMES, TOML } from './configurations.js'
import { atHome, OURS, PROGRAM, placeOf, places, set } from './home.js'

const outcomes = ({ files }: SetupReport) => files.map(({ outcome }) => outcome)
const all = (harness: SetupName, outcome: string) => places(harness).map(() => outcome)
const read = (file: string) => readFileSync(file, 'utf8')

function put(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text, { mode: 0o644 })
  chmodSync(file, 0o644)
}

/** The value of a file. */
const valueIn = (file: string, text: string): unknown =>
  file.endsWith('.toml')
    ? parseToml(text.replace(/^\uFEFF/, ''), { integersAsBigInt: 'asNeeded' })
    : (parse(text.replace(/^\uFEFF/, ''), [], { allowTrailingComma: true }) ?? {})

/** A value without what is ours, and without the lists and objects that are empty then. */
function withoutOurs(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((one) => !OURS.test(JSON.stringify(one))).map(withoutOurs)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  const kept = Object.entries(value)
    .filter(([name, one]) => !(name === 'arc' && OURS.test(JSON.stringify(one))) && name !== 'version')
    .map(([name, one]) => [name, withoutOurs(one)] as const)
    .filter(([, one]) => !(typeof one === 'object' && one !== null && Object.keys(one).length === 0))
  return Object.fromEntries(kept)
}

/** `setup` has added characters, and has taken none away. */
function keepsAll(t: Test, text: string, after: string): void {
  let at = 0
  for (const [i, char] of [...text].entries()) {
    at = after.indexOf(char, at) + 1
    if (at > 0) continue
    t.fail(`lost: ${JSON.stringify([...text].slice(i, i + 40).join(''))}`)
    return
  }
  for (const line of text.split('\n').filter((line) => /\/\/ |# |\/\*/.test(line)))
    t.ok(plain(after).includes(plain(line)), `kept: ${line}`)
}

/** A line without the commas that an entry after it needs. */
const plain = (text: string) => text.replace(/,(?=\s*(\/\/.*)?\r?$)/gm, '')

/** From the file as it was, through twice `setup`, and back. */
function thereAndBack(t: Test, harness: SetupName, file: string, text: string, more = {}): string {
  put(file, text)
  const isWritten = (outcome: string) => outcome === 'written'
  t.ok(outcomes(set(harness, { ...more, dryRun: true })).every(isWritten))
  t.equal(read(file), text, 'a dry run writes nothing')
  t.ok(outcomes(set(harness, more)).every(isWritten))
  const after = read(file)
  t.match(after, OURS)
  t.equal(after.startsWith('\uFEFF'), text.startsWith('\uFEFF'))
  t.equal(/\r\n/.test(after), /\r\n/.test(text))
  t.notMatch(after.replaceAll('\r\n', ''), /\r/)
  if (/\r\n/.test(text)) t.notMatch(after.replaceAll('\r\n', ''), /\n/)
  if (!/\{\}/.test(text)) keepsAll(t, text, after)
  t.strictSame(withoutOurs(valueIn(file, after)), withoutOurs(valueIn(file, text)), 'all else has its value')
  t.strictSame(outcomes(set(harness, more)), all(harness, 'unchanged'), 'twice is once')
  t.equal(statSync(file).mode & 0o777, 0o644)
  t.strictSame(outcomes(set(harness, { ...more, undo: true })), all(harness, 'removed'))
  t.equal(read(file), text)
  t.strictSame(outcomes(set(harness, { ...more, undo: true })), all(harness, 'unchanged'))
  return after
}

for (const harness of SETUP_NAMES) {
  for (const [what, text] of Object.entries(anyJson(harness))) {
    t.test(`${harness}, ${what}: our entries are added last, the rest stays, and comes back`, (t) =>
      atHome(t, () => {
        for (const { file } of places(harness).filter((place) => 'json' in place)) {
          const after = thereAndBack(t, harness, file, text)
          if (/hook\.cjs/.test(after) && /say done/.test(after))
            t.ok(after.indexOf('say done') < after.lastIndexOf('hook.cjs'), 'last in the list')
        }
      }),
    )
  }

  t.test(`${harness}: whole configurations of people, with permissions and without`, (t) =>
    atHome(t, (home) => {
      const given = Object.entries(HOMES[harness]).map(([path, text]) => [join(home, path), text] as const)
      for (const [file, text] of given) put(file, text)
      for (const permissions of [false, true]) {
        set(harness, { permissions })
        for (const [file, text] of given) keepsAll(t, text, read(file))
        const written = places(harness).map(({ file }) => read(file))
        t.ok(written.every((text) => OURS.test(text)))
        const hasPermission = written.some((text) => /mcp__arc__|"trust": ?true|"approve"/.test(text))
        t.equal(hasPermission, permissions && ['claude', 'codex', 'gemini', 'qwen'].includes(harness))
      }
      set(harness, { undo: true })
      for (const [file, text] of given) t.equal(read(file), text)
      for (const { file } of places(harness))
        t.equal(
          existsSync(file),
          given.some(([one]) => one === file),
        )
    }),
  )

  t.test(`${harness}: files that were changed since lose our entries alone`, (t) =>
    atHome(t, (home) => {
      for (const [path, text] of Object.entries(HOMES[harness])) put(join(home, path), text)
      set(harness, { permissions: true })
      const shared = places(harness).filter((place) => !('own' in place))
      for (const { file } of shared) {
        const text = read(file)
        const mine = file.endsWith('.toml') ? '# mine\n' : text.replace(/^\s*\{/, '{ /* mine */')
        put(file, file.endsWith('.toml') ? mine + text : mine)
      }
      t.ok(outcomes(set(harness, { undo: true })).every((outcome) => outcome === 'removed'))
      for (const { file } of shared) {
        t.match(read(file), /mine/)
        t.notMatch(read(file), OURS)
        const before = HOMES[harness][file.slice(home.length + 1)] ?? ''
        t.strictSame(withoutOurs(valueIn(file, read(file))), withoutOurs(valueIn(file, before)))
      }
    }),
  )

  t.test(`${harness}: no files before, none after`, (t) =>
    atHome(t, (home) => {
      const project = join(home, 'project')
      for (const options of [{}, { project }]) {
        const { files } = set(harness, options)
        t.ok(files.every(({ file, outcome }) => outcome === 'written' && existsSync(file)))
        t.ok(files.every(({ file }) => file.startsWith(join(home, 'project')) === 'project' in options))
        set(harness, { ...options, undo: true })
        t.notOk(files.some(({ file }) => existsSync(file)))
      }
    }),
  )

  t.test(`${harness}: a file that can't be read is left alone`, (t) =>
    atHome(t, () => {
      for (const place of places(harness)) {
        if ('own' in place) continue
        const broken =
          'json' in place ? ['{ "hooks": ', '[1]', 'hooks = 1'] : ['a = ', '{}', '[a\n', 'a=1\na=2\n']
        for (const text of broken) {
          put(place.file, text)
          const [report] = set(harness).files.filter(({ file }) => file === place.file)
          t.match(report, { outcome: 'unreadable', byHand: [/arc/] })
          set(harness, { undo: true })
          t.equal(read(place.file), text)
        }
        set(harness, { undo: true })
      }
    }),
  )
}

for (const [what, text] of Object.entries(TOML)) {
  t.test(`codex, TOML, ${what}: our table is added at the end, the rest stays, and comes back`, (t) =>
    atHome(t, () => {
      const after = thereAndBack(t, 'codex', placeOf('codex', '.toml').file, text)
      t.ok(after.startsWith(text), 'byte for byte')
    }),
  )
}

t.test('TOML that no table can be added to is left alone', (t) =>
  atHome(t, () => {
    const { file } = placeOf('codex', '.toml')
    for (const text of ['mcp_servers = { x = { command = "y" } }\n', 'mcp_servers = 1\n']) {
      put(file, text)
      t.match(set('codex').files[1], { outcome: 'unreadable', byHand: [/^\[mcp_servers.arc\]\ncommand/] })
      t.equal(read(file), text)
      set('codex', { undo: true })
    }
  }),
)

t.test('an older table of ours is brought up to date in its place, and keeps what a person has added', (t) =>
  atHome(t, () => {
    const { file } = placeOf('codex', '.toml')
    const others = '# after\n[tui]\ntheme = "dark"\n'
    put(
      file,
      `[mcp_servers.arc] # the room\ncommand = "arc" # old\nargs = ["mcp"]\nstartup_timeout_sec = 20\n\n[mcp_servers.arc.env]\nA = "b"\n\n${others}`,
    )
    t.equal(set('codex', { permissions: true }).files[1]?.outcome, 'written')
    const after = read(file)
    t.ok(
      after.endsWith(
        `startup_timeout_sec = 20\nenv_vars = [ "ARC_BASE_URL", "XDG_STATE_HOME" ]\ndefault_tools_approval_mode = "approve"\n\n[mcp_servers.arc.env]\nA = "b"\n\n${others}`,
      ),
      after,
    )
    t.match(
      after,
      /^\[mcp_servers.arc\] # the room\ncommand = "\/opt\/node 22\/bin\/node"\nargs = \[ ".*", "mcp" \]\n/,
    )
    put(file, `# first\n${after}`)
    t.equal(set('codex', { undo: true }).files[1]?.outcome, 'removed')
    t.equal(read(file), `# first\n\n${others}`)
  }),
)

t.test('a server of another program with the name is left alone, and so is a list that is none', (t) =>
  atHome(t, (home) => {
    const other =
      '{\n  "mcpServers": { "arc": { "command": "arc-browser-mcp" } },\n  "hooks": { "Stop": 1 }\n}\n'
    put(join(home, '.qwen/settings.json'), other)
    const [file] = set('qwen').files
    t.match(file, { outcome: 'written', byHand: [/^hooks.Stop: /, /^mcpServers.arc: /] })
    t.match(
      read(join(home, '.qwen/settings.json')),
      /arc-browser-mcp" \} \},\n {2}"hooks": \{ "Stop": 1, "SessionStart"/,
    )
    set('qwen', { undo: true })
    t.equal(read(join(home, '.qwen/settings.json')), other)
    put(join(home, '.codex/config.toml'), '[mcp_servers.arc]\ncommand = "arc-browser-mcp"\n')
    t.match(set('codex').files[1], { outcome: 'unchanged', byHand: [/main\.cjs/] })
  }),
)

t.test('a new place of the program is written over the old one; what a person has added stays', (t) =>
  atHome(t, (home) => {
    set('claude', { permissions: true })
    const state = join(home, '.claude.json')
    put(state, read(state).replace('"alwaysLoad": true', '"alwaysLoad": true, "timeout": 9'))
    const program = { ...PROGRAM, node: '/new/node', hook: '/new/hook.cjs', main: '/new/main.cjs' }
    set('claude', { program })
    const text = read(join(home, '.claude/settings.json'))
    t.notMatch(text, /node 22/)
    t.equal(text.split('/new/hook.cjs').length, 7)
    t.match(text, /mcp__arc__/, 'a permission stays')
    t.match(read(state), /"\/new\/main.cjs",\s+"mcp"\s+\],\s+"alwaysLoad": true,\s+"timeout": 9/)
  }),
)

t.test('handlers of others in our group stay, and so does their group if ours is in it', (t) =>
  atHome(t, (home) => {
    const file = join(home, '.claude/settings.json')
    const ours = '{ "type": "command", "command": "node", "args": ["/old/hook.cjs", "claude"] }'
    const theirs = '{ "type": "command", "command": "say done" } // mine'
    for (const [first, second] of [
      [`${ours},`, theirs],
      [theirs.replace(' //', ', //'), ours],
    ]) {
      const text = `{\n  "hooks": { "Stop": [ { "matcher": "", "hooks": [\n    ${first}\n    ${second}\n  ] } ] }\n}\n`
      put(file, text)
      set('claude')
      t.match(read(file), /"say done"/)
      t.match(read(file), /"matcher": ""/)
      t.notMatch(read(file), '/old/hook.cjs')
      t.strictSame(outcomes(set('claude')), all('claude', 'unchanged'))
      put(file, `${read(file)}\n`)
      set('claude', { undo: true })
      t.match(
        read(file),
        /"matcher": "", "hooks": \[\s+\{ "type": "command", "command": "say done" \},? \/\/ mine\s+\]/,
      )
      t.notMatch(read(file), 'hook.cjs')
    }
  }),
)

t.test('what is kept for undo holds no more than what was changed', (t) =>
  atHome(t, (home) => {
    put(join(home, '.claude.json'), HOMES.claude['.claude.json'] as string)
    const [, state] = set('claude').files
    t.match(state, { outcome: 'written' })
    const name = createHash('sha256').update(join(home, '.claude.json')).digest('hex')
    const kept = join(home, 'state/arc/setup', `${name}.json`)
    t.notMatch(read(kept), /SECRET/)
    t.equal(statSync(kept).mode & 0o777, 0o600)
  }),
)

t.test('a link stays a link', (t) =>
  atHome(t, (home) => {
    const { file } = placeOf('gemini', 'settings.json')
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(join(home, 'dotfile.json'), '{}\n')
    symlinkSync(join(home, 'dotfile.json'), file)
    set('gemini')
    t.match(read(join(home, 'dotfile.json')), /hook\.cjs/)
    set('gemini', { undo: true })
    t.equal(read(file), '{}\n')
  }),
)

t.test("opencode's plugin stays a person's own if they have written one of that name", (t) =>
  atHome(t, () => {
    const { file } = placeOf('opencode', 'arc.js')
    set('opencode')
    put(file, 'export const Mine = async () => ({})\n')
    set('opencode', { undo: true })
    t.match(read(file), /Mine/)
  }),
)

t.test('which harnesses are here: by their folders, and by what can be started', (t) =>
  atHome(t, (home) => {
    t.strictSame(installedHarnesses(), [])
    for (const folder of ['.codex', '.copilot', '.config/opencode'])
      mkdirSync(join(home, folder), { recursive: true })
    put(join(home, 'bin', process.platform === 'win32' ? 'qwen.cmd' : 'qwen'), '')
    t.strictSame(installedHarnesses(), ['codex', 'qwen', 'copilot', 'opencode'])
  }),
)

t.test('edits are refused only where it was asked for, and only before edit tools', (t) =>
  atHome(t, () => {
    for (const harness of ['claude', 'codex', 'gemini', 'qwen'] as const) {
      const [report] = set(harness).files
      t.notMatch(report?.after, /PreToolUse|BeforeTool/, harness)
      const { hooks } = parse(set(harness, { refuseHeldEdits: true }).files[0]?.after ?? '')
      const [group] = hooks.PreToolUse ?? hooks.BeforeTool
      t.match(group, { matcher: /^\^\(Edit\|.*write_file.*\)\$$/, hooks: [{ type: 'command' }] }, harness)
      set(harness, { undo: true })
      t.notOk(existsSync(report?.file ?? ''), harness)
    }
    const { files } = set('copilot', { refuseHeldEdits: true })
    t.notMatch(files[0]?.after, /preToolUse/, 'there a hook that fails stops the tool')
  }),
)

t.test('what was asked for once stays with a later setup, until it is undone', (t) =>
  atHome(t, () => {
    const wishes = [
      ['wake', WAKING_HARNESSES, /--wake|watch\.cjs|wake: true/],
      ['refuseHeldEdits', REFUSING_HARNESSES, /PreToolUse|BeforeTool|refuseHeldEdits: true/],
    ] as const
    for (const [wish, able, written] of wishes) {
      const isIn = (report: SetupReport) => report.files.some(({ after }) => written.test(after ?? ''))
      for (const harness of able) {
        set(harness, { [wish]: true })
        const again = set(harness).files.every(({ outcome }) => outcome === 'unchanged')
        t.ok(again, `${harness} ${wish}`)
        const moved = set(harness, { program: { ...PROGRAM, node: '/opt/node', plugin: '/opt/opencode.js' } })
        t.ok(isIn(moved) && outcomes(moved).includes('written'), `${harness} ${wish}, whose program moved`)
        t.notMatch(moved.files[0]?.after, PROGRAM.node)
        set(harness, { undo: true })
        t.notOk(isIn(set(harness)), `${harness} ${wish}, anew`)
        set(harness, { undo: true })
      }
    }
  }),
)
