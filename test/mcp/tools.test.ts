// The tools of `arc mcp`, called by the official client at a real hub: what a model is shown, what it can do, and what it is
// told when it errs.

import { join } from 'node:path'
import t from 'tap'
import { ArcClient } from '../../src/sdk/index.js'
import { ownFolder } from '../support/folder.js'
import { startTestHub } from '../support/hub.js'
import { Program } from './mcp-process.js'

t.jobs = 3
const spoolDir = join(ownFolder(t), 'spool')
const hub = await startTestHub(t, { spoolDir })
const at = ['--base-url', hub.url]
const alice = await ArcClient.quickstart('alice', { baseUrl: hub.url })
t.teardown(() => alice.close())

/** Half of a surrogate pair. */
const HALF = /\p{Cs}/u
const MOST_TOKENS = 1_500
const NAMES = [
  ...['arc_who', 'arc_inbox', 'arc_post', 'arc_ask', 'arc_reply', 'arc_message', 'arc_hold', 'arc_release'],
  ...['arc_tasks', 'arc_thread'],
]

for (const era of ['legacy', 'auto'] as const) {
  t.test(`the tools are few and short, and each has all annotations (${era} handshake)`, async (t) => {
    const { client } = await Program.start(t, { args: [...at, '--agent', `reader-${era}`] }, era)
    const { tools } = await client.listTools()
    t.strictSame(
      tools.map(({ name }) => name),
      NAMES,
    )
    const shown = tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }))
    const tokens = shown.reduce((sum, tool) => sum + JSON.stringify(tool).length / 4, 0)
    t.ok(tokens < MOST_TOKENS, `${tokens} tokens`)
    t.comment(`names, descriptions and schemas: ${tokens} tokens`)
    for (const { name, annotations, outputSchema } of tools) {
      const kinds = ['destructiveHint', 'idempotentHint', 'openWorldHint', 'readOnlyHint']
      t.strictSame(Object.keys(annotations ?? {}).sort(), kinds, name)
      t.equal(outputSchema, undefined)
    }
    t.ok((client.getInstructions() ?? '').length < 1_024)
  })
}

t.test('two agents do a job by tools alone, one of them over files', async (t) => {
  const lead = await Program.start(t, { args: [...at, '--agent', 'lead'] })
  const worker = await Program.start(t, { args: ['--spool-dir', spoolDir, '--agent', 'worker'] })
  t.match(await worker.text('arc_who'), /You are worker/)

  t.match(
    await lead.text('arc_tasks', { action: 'add', text: 'write the parser', thread: 'parser' }),
    'is open',
  )
  t.match(await lead.text('arc_hold', { scope: ['docs/**'] }), 'You hold scope docs/**')
  const taken = await worker.text('arc_tasks', { action: 'next', thread: 'parser' })
  const id = Number(/#(\d+)/.exec(taken)?.[1])
  t.match(taken, '| write the parser')
  t.match(await worker.text('arc_hold', { lock: './src/parser.ts' }), 'You hold lock src/parser.ts')

  t.match(
    await lead.text('arc_hold', { lock: 'src/parser.ts' }),
    /Not yours.*\n- lock src\/parser.ts by worker/,
  )
  t.match(await worker.text('arc_hold', { scope: ['docs/*.md'] }), /Not yours.*\n- scope docs\/\*\* by lead/)
  t.match(await lead.text('arc_hold', { claim: `task-${id}` }), /Not yours.*\n- claim task-\d+ by worker/)

  const asking = worker.text('arc_ask', { to: 'lead', text: 'tabs\nor spaces?', thread: 'parser' })
  const question = await lead.text('arc_inbox', { wait: 50 })
  t.match(question, /worker to you, thread parser.*\n\| tabs\n\| or spaces\?/)
  const questionId = Number(/Questions that wait for arc_reply: #(\d+)/.exec(question)?.[1])
  t.match(
    await lead.text('arc_reply', { id: questionId, text: 'spaces' }),
    `Question #${questionId} is answered`,
  )
  t.match(await asking, /lead to you, thread parser.*\n\| spaces$/)
  t.notMatch(await worker.text('arc_inbox'), 'spaces', 'an answer is handed over once')

  t.match(await worker.text('arc_release', { lock: 'src/parser.ts' }), 'Released')
  t.match(
    await worker.text('arc_tasks', { action: 'done', id, text: 'all tests pass' }),
    `Task #${id} is done`,
  )
  t.match(await lead.text('arc_inbox'), /\| all tests pass/)
  t.match(await lead.text('arc_tasks', { action: 'list' }), 'There are no open tasks.')
  const thread = await lead.text('arc_thread', { id: 'parser' })
  t.match(thread, 'Thread parser: completed')
  t.match(thread, '| spaces')
  t.match(await lead.text('arc_thread'), 'parser: completed')
  t.match(await lead.text('arc_release', { scope: ['docs/**'] }), 'Released docs/**')
  t.match(await lead.text('arc_who', { agent: 'worker' }), '- worker (a-program)')
})

t.test('a long message is cut, and arc_message has the rest and its receipts', async (t) => {
  const program = await Program.start(t, { args: [...at, '--agent', 'longreader'] })
  await program.text('arc_who')
  const { id } = await alice.dm('longreader', `begin ${'x'.repeat(30_000)} end`)
  const cut = await program.text('arc_inbox')
  t.ok(cut.length <= 6_000)
  t.match(cut, `(cut; the whole: arc_message id ${id})`)
  const first = await program.text('arc_message', { id })
  t.match(first, 'Seen: longreader: shown')
  const from = Number(/from (\d+)\)/.exec(first)?.[1])
  t.match(await program.text('arc_message', { id, from }), / end\n/)
})

t.test('a path is held from the root of the project, however the model gives it', async (t) => {
  const cwd = ownFolder(t)
  const program = await Program.start(t, { args: [...at, '--agent', 'holder'], cwd })
  const path = join(cwd, 'src', 'held.ts')
  t.match(await program.text('arc_hold', { lock: path }), 'You hold lock src/held.ts')
  t.match(await program.text('arc_release', { lock: path }), 'Released src/held.ts')
  t.match(await program.text('arc_hold', { scope: [join(cwd, 'notes/**')] }), 'You hold scope notes/**')
})

t.test('no text is cut in the middle of a character', async (t) => {
  const long = await ArcClient.quickstart(`${'a'.repeat(46)}😀bcd`, { baseUrl: hub.url })
  t.teardown(() => long.close())
  const program = await Program.start(t, { args: [...at, '--agent', 'halfreader'] })
  const { id } = await long.dm('halfreader', `x${'😀'.repeat(9_000)}`)
  await long.post(`${'x'.repeat(499)}😀`)
  const texts = [
    await program.text('arc_inbox'),
    await program.text('arc_who'),
    await program.text('arc_who', { agent: long.agentId }),
    await program.text('arc_message', { id }),
  ]
  for (const text of texts) t.notMatch(text, HALF, text.slice(0, 80))
})

t.test('a question without an answer stays open, and the answer comes to the inbox', async (t) => {
  const program = await Program.start(t, { args: [...at, '--agent', 'asker'] })
  const text = await program.text('arc_ask', { to: 'alice', text: 'ready?', wait: 0 })
  const id = Number(/No answer to #(\d+)/.exec(text)?.[1])
  await alice.dm('asker', 'yes', { kind: 'task_result', replyTo: id })
  t.match(await program.text('arc_inbox', { wait: 20 }), '| yes')
})

t.test(
  'what needs no reply wakes nobody and says so, but the answer to a question wakes who asked',
  async (t) => {
    const sender = await Program.start(t, { args: [...at, '--agent', 'sender'] })
    const reader = await Program.start(t, { args: [...at, '--agent', 'reader'] })
    const [mayWake, unread] = [{ wake: true }, (count: number) => ({ wake: false, unread: count })]
    await Promise.all([sender.text('arc_who'), reader.text('arc_who')])
    await sender.text('arc_post', { to: 'reader', text: 'the build is green', fyi: true })
    t.match(await alice.wake('reader'), unread(1))
    await sender.text('arc_post', { to: 'reader', text: 'look, please' })
    t.match(await alice.wake('reader'), mayWake)
    t.match(await reader.text('arc_inbox'), /UTC, needs no reply:\n\| the build.*UTC:\n\| look, please/s)

    const asked = await sender.text('arc_ask', { to: 'reader', text: 'ready?', wait: 0 })
    const id = Number(/No answer to #(\d+)/.exec(asked)?.[1])
    await reader.text('arc_reply', { id, text: 'soon', keep_open: true, fyi: true })
    t.match(await alice.wake('sender'), unread(1))
    await reader.text('arc_reply', { id, text: 'now', fyi: true })
    t.match(await alice.wake('sender'), mayWake)
  },
)

t.test('what no hub accepts is an answer with isError that names the cure', async (t) => {
  const program = await Program.start(t, { args: [...at, '--agent', 'errs'] })
  const cases: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
    ['arc_post', { txt: 'hello' }, /text.*Unrecognized key: "txt"/],
    ['arc_post', { text: 'hello', to: 'alcie' }, /alice/],
    ['arc_post', { text: 'hello', channel: 'nowhere' }, /there are direct, general; create: true/],
    ['arc_inbox', { wait: 51 }, /50/],
    ['arc_ask', { to: 'nobody-of-that-name', text: 'hello' }, /nobody-of-that-name/],
    ['arc_reply', { id: 999_999, text: 'hello' }, /999999/],
    ['arc_message', { id: 999_999 }, /999999/],
    ['arc_message', { id: 1.5 }, /Error/],
    ['arc_message', { id: 1, from: -7 }, /from: Too small/],
    ['arc_hold', {}, /exactly one of lock, scope and claim/],
    ['arc_hold', { lock: 'a', claim: 'b' }, /exactly one/],
    ['arc_hold', { scope: ['['] }, /Error/],
    ['arc_release', { lock: 'src/never-held.ts' }, /never-held/],
    ['arc_release', { scope: ['never/**'] }, /you hold none/],
    ['arc_tasks', { action: 'add' }, /add needs text/],
    ['arc_tasks', { action: 'done' }, /needs the id/],
    ['arc_tasks', { action: 'done', id: 999_999 }, /999999/],
    ['arc_tasks', { action: 'fly' }, /action/],
    ['arc_thread', { id: 'no-such-thread' }, /no-such-thread/],
    ['arc_who', { agent: 'alcie' }, /alice/],
  ]
  for (const [name, args, cure] of cases) {
    const { text, isError } = await program.call(name, args)
    t.ok(isError, `${name} ${JSON.stringify(args)}: ${text}`)
    t.match(text, cure)
  }
  await t.rejects(program.call('arc_fly'), /arc_fly not found/)
  t.match(
    await program.text('arc_post', { text: 'hello', channel: 'somewhere', create: true }),
    'in somewhere',
  )
})

t.test('the resources and the prompt', async (t) => {
  const { client } = await Program.start(t, { args: [...at, '--agent', 'browser'] })
  await alice.post('hello, thread', { threadId: 'a thread' })
  const { resources } = await client.listResources()
  t.match(resources, [{ uri: 'arc://room' }])
  t.match(await client.readResource({ uri: 'arc://room' }), {
    contents: [{ text: /Channels: direct, general/ }],
  })
  const thread = await client.readResource({ uri: `arc://thread/${encodeURIComponent('a thread')}` })
  t.match(thread, { contents: [{ text: /\| hello, thread/ }] })
  await t.rejects(client.readResource({ uri: 'arc://thread/none' }))
  const { prompts } = await client.listPrompts()
  t.match(prompts, [{ name: 'onboarding' }])
  t.match(await client.getPrompt({ name: 'onboarding' }), { messages: [{ content: { text: /arc_who/ } }] })
})
