// `arc doctor`, by real hooks, a real MCP server and a real hub: what is there, what is missing, and what a person has to do.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { examine } from '../../src/harness/doctor.js'
import { FACTS, type Program, SETUP_NAMES, type SetupName } from '../../src/harness/places.js'
import { setUp } from '../../src/harness/setup.js'
import { PACKAGE_ROOT } from '../../src/package.js'
import { ArcClient } from '../../src/sdk/index.js'
import { ownFolder } from '../support/folder.js'
import { startTestHub } from '../support/hub.js'

const at = (path: string) => fileURLToPath(new URL(path, PACKAGE_ROOT))
const PROGRAM: Program = {
  node: process.execPath,
  main: at('./dist/program/main.cjs'),
  hook: at('./dist/program/hook.cjs'),
  plugin: at('./dist/program/opencode.js'),
}
const hub = await startTestHub(t)
const others = [
  'CLAUDE_CONFIG_DIR',
  'CODEX_HOME',
  'COPILOT_HOME',
  'XDG_CONFIG_HOME',
  'XDG_STATE_HOME',
  'LOCALAPPDATA',
]
for (const name of others) delete process.env[name]

/** A home of its own for one test. */
function atHome(t: Test): string {
  const home = ownFolder(t)
  const before = process.env.HOME
  process.env.HOME = home
  t.teardown(() => {
    process.env.HOME = before
  })
  return home
}

const set = (harness: SetupName, program = PROGRAM, project?: string) =>
  setUp(harness, { program, project, permissions: false, undo: false, dryRun: false })
const look = (harness: SetupName, program = PROGRAM, folder = '/', hubUrl: string | undefined = hub.url) =>
  examine(harness, { program, folder, hubUrl })

/** A program that is no Arc. */
function script(t: Test, name: string, text: string): string {
  const file = join(ownFolder(t), name)
  writeFileSync(file, text)
  return file
}

for (const harness of SETUP_NAMES) {
  t.test(`${harness}: missing, there, and without a hub`, async (t) => {
    atHome(t)
    const missing = await look(harness)
    t.ok(missing.length > 0)
    for (const finding of missing)
      t.match(finding, {
        harness,
        about: 'configuration',
        ok: false,
        text: /^there is no .*: run: arc setup /,
      })
    set(harness)
    const findings = await look(harness)
    t.match(findings[0], { about: 'configuration', ok: true })
    const runs = findings.find(({ about }) => about === 'hooks' || about === 'plugin')
    t.match(runs, { ok: true, text: /and reaches the hub$/ })
    t.match(
      findings.find(({ about }) => about === 'server'),
      { ok: true, text: /^the MCP server starts, and lists 1\d tools after \d+ ms$/ },
    )
    t.match(findings.at(-1), {
      about: 'person',
      ok: null,
      text: /^if it has run since before 2\d{3}-.*, start it again$/,
    })
    const alone = await examine(harness, { program: PROGRAM, folder: '/', hubUrl: undefined })
    t.match(
      alone.find(({ about }) => about === 'hooks' || about === 'plugin'),
      { ok: true, text: /and says nothing, since no hub answers$/ },
    )
  })
}

t.test('a look leaves no agent in the room', async (t) => {
  const alice = await ArcClient.quickstart('alice', { baseUrl: hub.url })
  t.teardown(() => alice.close())
  const here = (await alice.listAgents()).map(({ agent_id }) => agent_id)
  t.strictSame(here, ['alice'])
  t.match(await alice.agent('claude-arc-doctor'), { session: null }, 'a hook was there, and has left')
})

t.test('what a hook does wrong, and a server, and a plugin', async (t) => {
  atHome(t)
  const wrongs = [
    [
      "process.stderr.write('no'); process.exitCode = 2",
      /^the hook of SessionStart ends with 2 \(no\): run arc setup/,
    ],
    ["process.stdout.write('hello')", /prints what is no JSON: hello/],
    ["process.stderr.write('a warning')", /writes to standard error: a warning/],
    ["process.stdin.resume().on('end', () => {})", /but does not reach the hub at http:/],
  ] as const
  for (const [text, pattern] of wrongs) {
    const [hook, main] = [script(t, 'hook.cjs', text), script(t, 'main.cjs', 'process.exit(3)')]
    const program = { ...PROGRAM, hook, main }
    set('claude', program)
    const findings = await look('claude', program)
    t.match(findings, [
      { ok: true },
      { about: 'hooks', ok: false, text: pattern },
      { about: 'server', ok: false, text: /^the MCP server does not start: it ended with 3/ },
    ])
  }
  const program = { ...PROGRAM, plugin: '/nowhere/opencode.js' }
  set('opencode', program)
  t.match(await look('opencode', program), [
    {},
    { about: 'plugin', ok: false, text: /Arc is not where it was/ },
  ])
})

t.test('a file that was changed, one that is broken, and another server named arc', async (t) => {
  const home = atHome(t)
  const file = join(home, '.gemini/settings.json')
  set('gemini')
  writeFileSync(file, readFileSync(file, 'utf8').replace('AfterAgent', 'AfterAll'))
  t.match(await look('gemini'), [{ ok: false, text: /lacks what arc setup writes: run: arc setup gemini$/ }])
  writeFileSync(file, '{')
  t.match(await look('gemini'), [{ ok: false, text: /can't be read: mend it/ }])
  writeFileSync(file, '{ "mcpServers": { "arc": { "command": "arc-browser-mcp" } } }')
  t.match(await look('gemini'), [{ ok: false, text: /has other entries/ }])
})

t.test('what else setup was asked for is no lack', async (t) => {
  atHome(t)
  for (const harness of ['claude', 'codex', 'qwen', 'copilot'] as const) {
    const wishes = { wake: true, refuseHeldEdits: true }
    setUp(harness, { program: PROGRAM, permissions: true, undo: false, dryRun: false, ...wishes })
    const [configuration, hooks] = await look(harness)
    t.match(configuration, { about: 'configuration', ok: true }, harness)
    t.match(
      hooks,
      { ok: true, text: `the ${{ claude: 7, codex: 6, qwen: 6, copilot: 5 }[harness]} hooks` },
      harness,
    )
  }
})

t.test('Codex: which hooks the person has approved', async (t) => {
  const home = atHome(t)
  const hooks = join(home, '.codex/hooks.json')
  mkdirSync(dirname(hooks), { recursive: true })
  writeFileSync(
    hooks,
    '{ "hooks": { "Stop": [ { "hooks": [ { "type": "command", "command": "say done" } ] } ] } }',
  )
  set('codex')
  const person = async () => (await look('codex')).find(({ about }) => about === 'person')
  t.match(await person(), { ok: false, text: /not approved \(5 of 5\): start codex, type \/hooks/ })
  const approve = (event: string, at: number) =>
    writeFileSync(
      join(home, '.codex/config.toml'),
      `${readFileSync(join(home, '.codex/config.toml'), 'utf8')}\n[hooks.state."${hooks}:${event}:${at}:0"]\nenabled = true\ntrusted_hash = "sha256:00"\n`,
    )
  for (const event of ['session_start', 'user_prompt_submit', 'post_tool_use', 'session_end'])
    approve(event, 0)
  approve('stop', 0)
  t.match(
    await person(),
    { ok: false, text: /not approved \(1 of 5\)/ },
    'the first hook at a stop is another one',
  )
  approve('stop', 1)
  t.match(await person(), { ok: true, text: /its 5 hooks are approved/ })
})

t.test('a project whose folder is not trusted yet', async (t) => {
  const home = atHome(t)
  const project = join(home, 'project')
  mkdirSync(project)
  for (const harness of ['claude', 'codex', 'copilot', 'gemini'] as const) {
    set(harness, PROGRAM, project)
    const trust = async () =>
      (await look(harness, PROGRAM, project)).find(({ text }) => text.includes('trust'))
    if (harness === 'gemini') {
      t.match(await trust(), { ok: null, text: /it may ask whether you trust/ })
      continue
    }
    t.match(await trust(), { ok: false, text: /does not trust .*project yet/ }, harness)
    const [file, text] = {
      claude: ['.claude.json', JSON.stringify({ projects: { [project]: { hasTrustDialogAccepted: true } } })],
      codex: ['.codex/config.toml', `[projects."${project}"]\ntrust_level = "trusted"\n`],
      copilot: ['.copilot/config.json', JSON.stringify({ trustedFolders: [project] })],
    }[harness] as [string, string]
    mkdirSync(FACTS[harness].home(), { recursive: true })
    writeFileSync(join(home, file), text)
    t.match(await trust(), { ok: true, text: /^it trusts / }, harness)
    rmSync(join(home, file))
  }
})
