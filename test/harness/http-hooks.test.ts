// `arc setup claude --http-hooks`: Claude Code calls the hub itself after tools and at a stop. What is written, kept, examined and
// undone; and what the calls and the processes of one session do together.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { ArcClient } from '../../src/sdk/index.js'
import { Place } from '../support/arc-process.js'

const ASKED = ['setup', 'claude', '--project', '--http-hooks', '--agent', 'web site']
const MINE = `{
  // mine
  "hooks": { "Stop": [ { "hooks": [ { "type": "command", "command": "say done" } ] } ] }
}
`
interface Handler {
  readonly type: string
  readonly url?: string
  readonly command?: string
  readonly args?: readonly string[]
  readonly timeout?: number
}

t.test('what is missing is named, and nothing is written', async (t) => {
  const place = new Place(t)
  const cases = [
    [['setup', 'claude', '--http-hooks', '--agent', 'a'], 2, /needs --project and --agent NAME/],
    [['setup', 'claude', '--http-hooks', '--project'], 2, /needs --project and --agent NAME/],
    [
      ['setup', 'codex', '--http-hooks', '--project', '--agent', 'a'],
      2,
      /for Claude Code alone, not for codex/,
    ],
    [['setup', 'claude', '--agent', 'a'], 2, /--agent belongs to --http-hooks/],
    [['setup', 'claude', '--port', '7000'], 2, /--port belongs to --http-hooks/],
    [
      [...ASKED, '--port', '1'],
      1,
      /the hub at http:\/\/127\.0\.0\.1:1 can't be called: .*start it by: arc ensure/,
    ],
  ] as const
  for (const [args, status, stderr] of cases) t.match(await place.arc([...args]), { status, stderr })
  t.notOk(existsSync(place.path('.claude')))
})

t.test('the calls are written in place of processes, kept, examined, and undone', async (t) => {
  const place = new Place(t)
  const file = place.path('.claude', 'settings.local.json')
  place.below('.claude')
  writeFileSync(file, MINE)
  const { url } = await place.ensure()
  const arc = async (...args: string[]) => place.arc(args)
  t.match(await arc('setup', 'claude', '--project'), { status: 0 })
  t.match(await arc(...ASKED), { status: 0, stderr: '' })
  const written = readFileSync(file, 'utf8')
  const { hooks } = JSON.parse(written.replace('// mine', '')) as {
    hooks: Record<string, { matcher?: string; hooks: Handler[] }[]>
  }
  const handlers = Object.entries(hooks).flatMap(([event, groups]) =>
    groups
      .flatMap((group) => group.hooks)
      .map((one) => [event, one.url ?? one.args?.slice(1) ?? one.command]),
  )
  const process = ['claude', '--agent', 'web site']
  const call = `${url}/v1/hooks/claude/web%20site`
  t.strictSame(handlers, [
    ['Stop', 'say done'],
    ['Stop', call],
    ['SessionStart', process],
    ['UserPromptSubmit', process],
    ['UserPromptSubmit', call],
    ['PostToolBatch', call],
    ['SessionEnd', process],
    ['PostToolUse', process],
  ])
  t.match(hooks.PostToolBatch?.[0]?.hooks, [{ type: 'http', timeout: 2 }])
  t.match(hooks.PostToolUse?.[0]?.matcher, /Edit/)

  for (const args of [ASKED, ['setup', 'claude', '--project'], ['setup', 'claude', '--project', '--wake']])
    t.match(await arc(...args), { status: 0 })
  t.match(readFileSync(file, 'utf8').split(call).length, 4, 'a later setup keeps them')
  const findings = await arc('doctor', 'claude')
  t.match(
    findings.stdout,
    /each of the 7 hooks ends with 0, within \d+ ms, 3 of them by calling the hub, and reaches/,
  )
  const alice = await ArcClient.quickstart('alice', { baseUrl: url })
  t.teardown(() => alice.close())
  t.equal((await alice.listAgents()).length, 1, 'the doctor has left, and was not the agent')
  const other = await place.ensure(['--port', '0', '--storage', place.path('other', 'arc.sqlite3')])
  t.match(await arc('doctor', 'claude', '--base-url', other.url), {
    status: 1,
    stdout:
      /the hook of \w+ calls http:.*, but the hub of this project is at http:.*: run: arc setup claude --project --http-hooks/,
  })
  t.match(await arc('setup', 'claude', '--project', '--undo'), { status: 0 })
  t.equal(readFileSync(file, 'utf8'), MINE)
  await arc(...ASKED)
  writeFileSync(file, `${readFileSync(file, 'utf8')}\n`)
  await arc('setup', 'claude', '--project', '--undo')
  t.notMatch(readFileSync(file, 'utf8'), /hook\.cjs|v1\/hooks/, 'also if the file was changed since')
  t.match(readFileSync(file, 'utf8'), /say done/)
})
