// The plugin of opencode, with what opencode hands to it: a message counts as shown when it stands in a request, and not before.

import { execFileSync } from 'node:child_process'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { startHub } from '../../src/actors/hub.js'
import { Arc, type Hooks, type Wishes } from '../../src/harness/opencode.js'
import { PACKAGE_ROOT } from '../../src/package.js'
import { ArcClient } from '../../src/sdk/index.js'
import { ownFolder } from '../support/folder.js'

const hub = await startHub({ storagePath: `${ownFolder(t)}/arc.sqlite3`, port: 0, logLevel: 'silent' })
const alice = await ArcClient.quickstart('alice', { baseUrl: hub.url })
const environment = { ARC_BASE_URL: hub.url, XDG_STATE_HOME: ownFolder(t) }
Object.assign(process.env, environment)
t.teardown(async () => {
  await alice.close()
  await hub.stop()
})

interface Part {
  readonly id?: string
  readonly type: string
  readonly text: string
}

/** A folder in which opencode has loaded the plugin. */
async function opencodeIn(
  t: Test,
  wishes: Wishes = {},
): Promise<{ hooks: Hooks; agentId: string; directory: string }> {
  const directory = ownFolder(t)
  const name = basename(directory)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
  return { hooks: await Arc({ directory }, wishes), agentId: `opencode-${name.slice(0, 40)}`, directory }
}

async function prompted(hooks: Hooks, sessionID: string): Promise<Part[]> {
  const parts: Part[] = [{ id: 'prt_1', type: 'text', text: 'Say hello.' }]
  await hooks['chat.message']({ sessionID }, { parts })
  return parts
}

const request = (hooks: Hooks, ...parts: object[]) =>
  hooks['experimental.chat.messages.transform']({}, { messages: [{ info: { role: 'user' }, parts }] })

const receiptOf = async (id: number) => (await alice.receipts(id))[0]

t.test('a prompt: who the agent is, and what waits for it; shown once it stands in a request', async (t) => {
  const { hooks, agentId } = await opencodeIn(t)
  const { id } = await alice.dm(agentId, 'before the start')
  const [own, added, ...others] = await prompted(hooks, 'ses_1')
  t.strictSame([own?.text, others], ['Say hello.', []])
  t.match(added, {
    type: 'text',
    synthetic: true,
    text: /^Arc: this session is agent opencode-.*; here now: alice/,
  })
  t.match(added?.text, /\n\| before the start\n/)
  t.match(added?.id, /^prt_zz/)
  t.match(await receiptOf(id), { state: 'offered' })
  await request(hooks, own as Part)
  t.match(await receiptOf(id), { state: 'offered' }, 'a request without the text')
  await request(hooks, own as Part, added as Part)
  t.match(await receiptOf(id), { state: 'shown', via: 'opencode prompt' })
  t.equal((await prompted(hooks, 'ses_1')).length, 1, 'nothing new')
})

t.test('a tool: the text is added to its output, in the shape of that tool', async (t) => {
  const { hooks, agentId } = await opencodeIn(t)
  const say = async () => (await alice.dm(agentId, 'mid-turn')).id
  const shell = { output: 'hi\n' }
  await hooks['tool.execute.after']({ sessionID: 'ses_2', tool: 'bash' }, shell)
  t.equal(shell.output, 'hi\n', 'no prompt of that session has come')
  await prompted(hooks, 'ses_2')
  const [first] = [await say()]
  await hooks['tool.execute.after']({ sessionID: 'ses_2', tool: 'bash' }, shell)
  t.match(shell.output, /^hi\n\n\nArc: 1 message for agent .*\n\| mid-turn\n/s)
  const second = await say()
  const content: object[] = [{ type: 'text', text: 'an answer' }]
  await hooks['tool.execute.after']({ sessionID: 'ses_2', tool: 'bash' }, { content })
  t.match(content[1], { type: 'text', text: /\n\| mid-turn\n/ })
  await request(
    hooks,
    { type: 'tool', state: { output: shell.output } },
    { type: 'tool', state: { content } },
  )
  for (const id of [first, second]) t.match(await receiptOf(id), { state: 'shown', via: 'opencode tool' })
})

t.test('an edit of a file that another agent holds is told to both, once to the holder', async (t) => {
  const { hooks, agentId, directory } = await opencodeIn(t)
  await prompted(hooks, 'ses_6')
  const holder = await ArcClient.quickstart(`holder of ${directory}`, { baseUrl: hub.url })
  t.teardown(() => holder.close())
  await holder.lock('src/held.ts')
  const calls = [
    ['write', { filePath: join(directory, 'src/held.ts'), content: 'x' }],
    ['edit', { filePath: 'src/held.ts', oldString: 'x', newString: 'y' }],
    [
      'apply_patch',
      { patchText: '*** Begin Patch\n*** Update File: src/held.ts\n@@\n-x\n+y\n*** End Patch' },
    ],
  ] as const
  for (const [tool, args] of calls) {
    const result = { output: 'done' }
    await hooks['tool.execute.after']({ sessionID: 'ses_6', tool, args }, result)
    t.match(
      result.output,
      /^done\n\nArc: src\/held.ts, which this session has just changed, is held: lock/,
      tool,
    )
  }
  const reading = { output: 'x' }
  await hooks['tool.execute.after']({ sessionID: 'ses_6', tool: 'read', args: calls[0][1] }, reading)
  t.equal(reading.output, 'x', 'to read is no edit')
  t.strictSame(
    (await holder.inbox()).map(({ body }) => body),
    [`${agentId} has just changed src/held.ts, which you hold, and was told so.`],
  )
})

t.test('where it was asked for, such an edit is refused, and nothing else', async (t) => {
  const { hooks, agentId, directory } = await opencodeIn(t, { refuseHeldEdits: true })
  await prompted(hooks, 'ses_7')
  const holder = await ArcClient.quickstart(`holder of ${directory}`, { baseUrl: hub.url })
  t.teardown(() => holder.close())
  await holder.lock('src/held.ts')
  const call = (tool: string, filePath: string, sessionID = 'ses_7') =>
    hooks['tool.execute.before']({ sessionID, tool }, { args: { filePath } })
  await t.rejects(call('write', 'src/held.ts'), { message: /^Arc: src\/held.ts is held: lock.*not changed/ })
  await call('read', 'src/held.ts')
  await call('write', 'src/free.ts')
  await call('write', 'src/held.ts', 'ses_of_a_subagent')
  t.match(await holder.inbox(), [
    { body: `${agentId} wanted to change src/held.ts, which you hold. It was not changed` },
  ])
  const { hooks: willing } = await opencodeIn(t)
  await prompted(willing, 'ses_8')
  await willing['tool.execute.before'](
    { sessionID: 'ses_8', tool: 'write' },
    { args: { filePath: 'src/held.ts' } },
  )
  await holder.unlock('src/held.ts')
  await call('write', 'src/held.ts')
})

t.test('a session of a subagent is left out, and a deleted one ends', async (t) => {
  const { hooks, agentId } = await opencodeIn(t)
  await hooks.event({
    event: { type: 'session.created', properties: { info: { id: 'ses_child', parentID: 'ses_3' } } },
  })
  await alice.dm(agentId, 'for the agent')
  t.equal((await prompted(hooks, 'ses_child')).length, 1)
  t.equal((await prompted(hooks, 'ses_3')).length, 2)
  const { session } = await alice.agent(agentId)
  t.match(session, { harness: 'opencode', active: true })
  await hooks.event({ event: { type: 'session.deleted', properties: { info: { id: 'ses_3' } } } })
  t.equal((await alice.agent(agentId)).session, null)
  await prompted(hooks, 'ses_3')
  t.ok((await alice.agent(agentId)).session, 'the same agent comes back')
  await hooks.dispose()
  t.equal((await alice.agent(agentId)).session, null)
})

t.test('sessions in one folder of one opencode are one agent, and the MCP server finds it', async (t) => {
  const { hooks, agentId } = await opencodeIn(t)
  const name = /agent (\S+) in/
  t.equal(name.exec((await prompted(hooks, 'ses_4')).at(-1)?.text ?? '')?.[1], agentId)
  t.equal(name.exec((await prompted(hooks, 'ses_5')).at(-1)?.text ?? '')?.[1], agentId)
  await hooks.event({ event: { type: 'session.deleted', properties: { info: { id: 'ses_4' } } } })
  t.ok((await alice.agent(agentId)).session, 'the other one goes on')
})

t.test(
  'a session whose first prompt found no hub signs in at its next tool, and is told who it is',
  async (t) => {
    const { hooks, agentId } = await opencodeIn(t)
    process.env.ARC_BASE_URL = 'http://127.0.0.1:1'
    t.equal((await prompted(hooks, 'ses_9')).length, 1)
    process.env.ARC_BASE_URL = hub.url
    const { id } = await alice.dm(agentId, 'too early')
    const shell = { output: 'hi' }
    await hooks['tool.execute.after']({ sessionID: 'ses_9', tool: 'bash' }, shell)
    t.match(shell.output, /^hi\n\nArc: this session is agent opencode-.*\n\| too early\n/s)
    await request(hooks, { type: 'tool', state: { output: shell.output } })
    t.match(await receiptOf(id), { state: 'shown', via: 'opencode tool' })
    const again = { output: 'hi' }
    await hooks['tool.execute.after']({ sessionID: 'ses_9', tool: 'bash' }, again)
    t.equal(again.output, 'hi')
  },
)

t.test('whatever fails, nothing is added, written or thrown', async (t) => {
  const script = `
    const { Arc } = await import(process.argv[1])
    const hooks = await Arc({ directory: '/' }, { refuseHeldEdits: true })
    const parts = [{ type: 'text', text: 'x' }]
    await hooks['chat.message']({ sessionID: 's' }, { parts })
    await hooks['chat.message'](undefined, undefined).catch(() => process.exit(3))
    await hooks['tool.execute.before']({ sessionID: 's', tool: 'write' }, { args: { filePath: 'a' } })
    await hooks['tool.execute.after']({ sessionID: 's', tool: 'write', args: { filePath: 'a' } }, {})
    await hooks['experimental.chat.messages.transform']({}, { messages: [] })
    await hooks.event({ event: { type: 'session.deleted' } })
    await hooks.dispose()
    process.exit(parts.length === 1 ? 0 : 4)`
  const plugin = fileURLToPath(new URL('./dist/program/opencode.js', PACKAGE_ROOT))
  for (const url of ['http://127.0.0.1:1', 'https://127.0.0.1:1', 'nonsense']) {
    const env = { ...process.env, ARC_BASE_URL: url }
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script, plugin], {
      env,
      stdio: 'pipe',
    })
    t.equal(`${output}`, '')
  }
})
