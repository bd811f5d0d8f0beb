// Edits of files that another agent holds, by every harness: both agents are told at once, and where it was asked for the edit
// is refused.

import { mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import t from 'tap'
import { ArcClient } from '../../src/sdk/index.js'
import { startTestHub } from '../support/hub.js'
import { HookSession } from './hook-session.js'

t.jobs = 4
const hub = await startTestHub(t)

/** A call of an edit tool, as each harness tells it. */
const EDITS: Readonly<Record<string, (path: string) => object>> = {
  claude: (path) => ({ tool_name: 'Edit', tool_input: { file_path: path, old_string: 'a' } }),
  codex: (path) => ({
    tool_name: 'apply_patch',
    tool_input: { command: `*** Begin Patch\n*** Update File: ${path}\n@@\n-a\n+b\n*** End Patch` },
  }),
  gemini: (path) => ({ tool_name: 'replace', tool_input: { file_path: path } }),
  qwen: (path) => ({ tool_name: 'write_file', tool_input: { file_path: path } }),
  'copilot, PascalCase': (path) => ({ tool_name: 'Edit', tool_input: { path } }),
  'copilot, camelCase': (path) => ({ toolName: 'edit', toolArgs: JSON.stringify({ path }) }),
}
/** The event before an edit, where an edit may be refused. */
const BEFORE: Readonly<Record<string, string>> = {
  claude: 'PreToolUse',
  codex: 'PreToolUse',
  gemini: 'BeforeTool',
  qwen: 'PreToolUse',
}

for (const [name, edit] of Object.entries(EDITS)) {
  t.test(`${name}: an edit of a file that another agent holds is told to both`, async (t) => {
    const session = new HookSession(t, hub.url, name)
    mkdirSync(join(session.folder, '.git'))
    await session.told(t, 'start')
    const holder = await ArcClient.quickstart(`holder of ${session.folder}`, { baseUrl: hub.url })
    t.teardown(() => holder.close())
    const path = `src/${basename(session.folder)}.ts`
    const call = edit(join(session.folder, path))
    // Claude Code's event after a batch tells of refused and failed edits as well.
    const after =
      name === 'claude' ? { ...call, tool_calls: undefined, hook_event_name: 'PostToolUse' } : call
    t.equal(await session.told(t, 'tool', after), undefined, 'nobody holds it')
    await holder.lock(path)
    if (name === 'claude') t.equal(await session.told(t, 'tool', { tool_calls: [call] }), undefined)
    const told = await session.told(t, 'tool', after)
    t.match(told, `${path}, which this session has just changed, is held: lock ${path} by holder`)
    await session.told(t, 'tool', after)
    const mail = await holder.inbox()
    const body = new RegExp(`has just changed ${path}`)
    t.match(mail, [{ from_agent: session.agentId, kind: 'notice', body }])
    t.equal(mail.length, 1, 'once for a holding')

    const event = BEFORE[name]
    if (event === undefined) return
    const before = { ...call, tool_calls: undefined, hook_event_name: event }
    const refused = await session.call('tool', before)
    const answer = JSON.parse(refused.stdout)
    const { permissionDecision, permissionDecisionReason } = answer.hookSpecificOutput ?? {}
    const [decision, reason] =
      name === 'gemini' ? [answer.decision, answer.reason] : [permissionDecision, permissionDecisionReason]
    t.equal(decision, 'deny')
    t.match(reason, `${path} is held: lock`)
    await session.call('tool', before)
    const all = await holder.inbox()
    const wanted = new RegExp(`wanted to change ${path}, which you hold. It was not changed`)
    t.match(all[1], { from_agent: session.agentId, kind: 'notice', body: wanted })
    t.equal(all.length, 2, 'once for a holding')
    await holder.unlock(path)
    const allowed = await session.call('tool', before)
    t.strictSame([allowed.code, allowed.stdout, allowed.stderr], [0, '', ''])
  })
}

t.test("an agent's own lock and shared scopes are no news; another's exclusive scope is", async (t) => {
  const session = new HookSession(t, hub.url, 'claude')
  await session.told(t, 'start')
  const mine = await ArcClient.quickstart(session.agentId, { baseUrl: hub.url, reuse: true })
  const other = await ArcClient.quickstart('scope-holder', { baseUrl: hub.url })
  t.teardown(() => Promise.all([mine.close(), other.close()]))
  const edited = (path: string) =>
    session.told(t, 'tool', {
      ...EDITS.claude?.(join(session.folder, path)),
      tool_calls: undefined,
      hook_event_name: 'PostToolUse',
    })
  await other.scope(['lib/**'], { mode: 'shared' })
  t.equal(await edited('lib/a.ts'), undefined)
  await mine.lock('docs/a.md')
  t.equal(await edited('docs/a.md'), undefined)
  await other.scope(['gen/**'])
  t.match(await edited('gen/x/y.ts'), /scope gen\/\*\*/)
})
