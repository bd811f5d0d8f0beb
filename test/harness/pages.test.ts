// docs/harnesses: each page names the files, the events and the tools that `arc setup` and the real programs have.

import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, relative } from 'node:path'
import t from 'tap'
import { FACTS, type Place, SETUP_NAMES } from '../../src/harness/places.js'
import { PACKAGE_ROOT } from '../../src/package.js'
import { PROGRAMS } from './programs/programs.js'

const page = (name: string) => readFileSync(new URL(`./docs/harnesses/${name}.md`, PACKAGE_ROOT), 'utf8')
const PROGRAM = {
  node: 'node',
  main: 'main.cjs',
  hook: 'hook.cjs',
  watch: 'watch.cjs',
  plugin: '/opencode.js',
}
for (const name of ['CLAUDE_CONFIG_DIR', 'CODEX_HOME', 'COPILOT_HOME', 'XDG_CONFIG_HOME'])
  delete process.env[name]

for (const harness of SETUP_NAMES) {
  t.test(`${harness}: the page names what is written where, and the version that was proved`, async (t) => {
    const text = page(harness)
    const placesOf = (project?: string): readonly Place[] =>
      FACTS[harness].places({ program: PROGRAM, permissions: true, project })
    for (const { file } of placesOf()) t.match(text, `\`~/${relative(homedir(), file)}\``)
    for (const place of placesOf('/project')) {
      const name = relative('/project', place.file)
      t.ok(text.includes(`\`${name}\``) || /^opencode\.json$/.test(name), name)
    }
    const events = placesOf().flatMap((place) => ('json' in place ? place.json.edits : []))
    for (const { path } of events.filter(({ path }) => path[0] === 'hooks')) t.match(text, path[1] as string)
    t.match(text, `arc setup ${harness} --undo`)
    const version = PROGRAMS.find((program) => program.harness === harness)?.version
    t.match(text, version === undefined ? /Proved in \| no version/ : `Proved in | ${version}`)
    t.match(page('README'), `(${harness}.md)`)
  })
}

t.test('the table has a row for each program, and every cell is proved', async (t) => {
  const rows = page('README')
    .split('\n')
    .filter((line) => /^\| .* \d+\.\d+\.\d+ \|/.test(line))
  t.strictSame(
    rows.map((row) => row.split('|')[1]?.trim()),
    PROGRAMS.map(({ title, version }) => `${title} ${version}`),
  )
  t.notMatch(rows.join('\n'), '**no**')
})

t.test('the readme of the pages is reached from the readme of the project', async (t) => {
  t.match(
    readFileSync(join(new URL('.', PACKAGE_ROOT).pathname, 'README.md'), 'utf8'),
    '(docs/harnesses/README.md)',
  )
})
