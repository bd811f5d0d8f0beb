// A hook as the harnesses call it, at a real hub: with payloads as they send them, and with answers as they take them. A
// message counts as shown only when its text was handed over.

import { createServer } from 'node:net'
import t, { type Test } from 'tap'
import { ArcClient } from '../../src/sdk/index.js'
import { ownFolder } from '../support/folder.js'
import { startTestHub } from '../support/hub.js'
import { until } from '../support/waiting.js'
import { type HookCall, type HookEnd, runHook } from './hook-process.js'
import { HARNESSES, HookSession } from './hook-session.js'

t.jobs = 4
const hub = await startTestHub(t)
const alice = await ArcClient.quickstart('alice', { baseUrl: hub.url })
t.teardown(() => alice.close())

class Session extends HookSession {
  constructor(t: Test, name: string, env: Record<string, string> = {}) {
    super(t, hub.url, name, env)
  }
}

const stateOf = async (id: number) => (await alice.receipts(id))[0]

for (const name of Object.keys(HARNESSES)) {
  t.test(`${name}: a session from its start to its end`, async (t) => {
    const session = new Session(t, name)
    const { agentId } = session
    t.match(
      await session.told(t, 'start', { source: 'startup' }),
      new RegExp(`agent ${agentId} .*here now: .*alice`),
    )
    t.equal(await session.told(t, 'prompt', { prompt: 'Say hello.' }), undefined, 'nothing to say')
    const first = await alice.dm(agentId, 'first\nof two lines', { toMustExist: true })
    const told = await session.told(t, 'tool')
    t.match(told, new RegExp(`#${first.id} alice to you, .*:\n\\| first\n\\| of two lines\n`))
    t.match(await stateOf(first.id), { state: 'shown', via: `${session.name.split(',')[0]} tool`, offers: 1 })
    t.equal(await session.told(t, 'tool'), undefined, 'once')

    const second = await alice.dm(agentId, 'second')
    t.match(await session.told(t, 'stop', { stop_hook_active: false }), /\| second/)
    t.match(await stateOf(second.id), { state: 'offered' }, 'a stop proves nothing')
    t.equal(await session.told(t, 'stop', { stop_hook_active: true }), undefined, 'held exactly once')
    t.match(await stateOf(second.id), { state: 'shown', via: `${session.name.split(',')[0]} stop` })

    t.match(await alice.agent(agentId), {
      session: { agent_id: agentId, harness: session.name.split(',')[0] },
    })
    t.equal(await session.told(t, 'end', { reason: 'exit' }), undefined)
    t.equal(await session.told(t, 'end', { reason: 'exit' }), undefined, 'some end a session more than once')
    t.match(await alice.agent(agentId), { session: null })
  })
}

t.test('a stop that the harness cut off was not shown: its text comes again', async (t) => {
  const session = new Session(t, 'claude')
  await session.told(t, 'start')
  const { id } = await alice.dm(session.agentId, 'lost at the cap')
  t.match(await session.told(t, 'stop'), /lost at the cap/)
  t.match(await session.told(t, 'prompt', { prompt: 'go on' }), /handed over before:\n\| lost at the cap/)
  t.match(await stateOf(id), { state: 'shown', via: 'claude prompt', offers: 2 })
})

t.test('a prompt that is the text of the stop proves it', async (t) => {
  const session = new Session(t, 'copilot, PascalCase')
  await session.told(t, 'start')
  const { id } = await alice.dm(session.agentId, 'go on')
  const text = await session.told(t, 'stop')
  t.equal(await session.told(t, 'prompt', { prompt: text }), undefined)
  t.match(await stateOf(id), { state: 'shown', via: 'copilot stop' })
})

t.test('a message that needs no reply holds no stop, and is handed over with the next event', async (t) => {
  const session = new Session(t, 'claude')
  await session.told(t, 'start')
  await alice.dm(session.agentId, 'for your information', { metadata: { no_reply: true } })
  t.equal(await session.told(t, 'stop'), undefined)
  t.match(await session.told(t, 'prompt', { prompt: 'go on' }), /\| for your information/)
})

t.test('Copilot drops what a hook says to its own notifications: the stop hands it over', async (t) => {
  const session = new Session(t, 'copilot, camelCase')
  await session.told(t, 'start')
  const { id } = await alice.dm(session.agentId, 'wake up')
  const prompt = '<system_notification>\nShell command "wait" has completed.\n</system_notification>'
  t.equal(await session.told(t, 'prompt', { prompt }), undefined)
  t.match(await stateOf(id), { state: 'queued' })
  t.match(await session.told(t, 'stop'), /\| wake up/)
})

t.test('at most three stops in a row are held', async (t) => {
  const session = new Session(t, 'codex')
  await session.told(t, 'start')
  for (let i = 1; i <= 5; i++) {
    await alice.dm(session.agentId, `again ${i}`)
    const text = await session.told(t, 'stop', { stop_hook_active: i > 1 })
    t.equal(text !== undefined, i <= 3, `stop ${i}`)
  }
  t.match(await session.told(t, 'prompt', { prompt: 'hello' }), /again 4[\s\S]*again 5/)
  await alice.dm(session.agentId, 'a new turn')
  t.match(await session.told(t, 'stop', { stop_hook_active: false }), /a new turn/)
})

t.test('parallel hooks hand over each message once', async (t) => {
  const session = new Session(t, 'claude')
  await session.told(t, 'start')
  for (let i = 0; i < 5; i++) await alice.dm(session.agentId, `only once ${i}.`)
  const texts = await Promise.all(Array.from({ length: 6 }, () => session.told(t, 'tool')))
  const all = texts.join('\n')
  for (let i = 0; i < 5; i++) t.equal(all.split(`only once ${i}.`).length, 2)
})

t.test('a broadcast is handed over as one of the room', async (t) => {
  const session = new Session(t, 'claude')
  await session.told(t, 'start')
  const { id } = await alice.post('for all')
  t.match(await session.told(t, 'tool'), new RegExp(`#${id} alice in general, .*\n\\| for all`))
})

t.test('a text is bounded, names every message in it, and quotes every line', async (t) => {
  const session = new Session(t, 'claude')
  await session.told(t, 'start')
  const bodies = [`${'ü🙂\n'.repeat(3_000)}end`, 'x'.repeat(9_000), 'short', 'a\u2028b\rc']
  const posted = []
  for (const body of [...bodies, ...bodies, ...bodies, ...bodies])
    posted.push(await alice.dm(session.agentId, body))
  const shown = new Set<number>()
  for (let i = 0; i < 20 && shown.size < posted.length; i++) {
    const text = (await session.told(t, 'tool')) ?? ''
    t.ok(text.length <= 6_000, `${text.length} characters`)
    for (const line of text.split('\n'))
      t.match(line, /^(\| |#[0-9]+ alice|Arc: |An answer|\(cut; |[0-9]+ more for you)/)
    for (const [, id] of text.matchAll(/^#([0-9]+) alice to you/gm)) shown.add(Number(id))
  }
  t.equal(shown.size, posted.length)
  for (const { id } of posted) t.match(await stateOf(id), { state: 'shown' })
})

t.test('who is who: given, from the environment, remembered, else numbered', async (t) => {
  const named = new Session(t, 'claude')
  t.match(await named.told(t, 'start', {}, { args: ['--agent', 'named'] }), /agent named /)
  t.match((await named.told(t, 'prompt')) ?? '', '')
  const own = new Session(t, 'claude', { ARC_AGENT: 'from-environment' })
  t.match(await own.told(t, 'start'), /agent from-environment /)
  const blank = new Session(t, 'claude', { ARC_AGENT: ' ' })
  t.match(await blank.told(t, 'start'), new RegExp(`agent ${blank.agentId} `), 'a blank one names nobody')
  const daemon = new Session(t, 'codex', { ARC_AGENT: 'from-environment' })
  t.match(
    await daemon.told(t, 'start'),
    new RegExp(`agent ${daemon.agentId} `),
    'a daemon has the environment of another',
  )
  const other = new Session(t, 'codex')
  const cwd = daemon.folder
  t.match(
    await other.told(t, 'start', { cwd }),
    new RegExp(`agent ${daemon.agentId}-2 `),
    'the name is taken',
  )
  await alice.dm(`${daemon.agentId}-2`, 'remembered')
  t.match(await other.told(t, 'tool', { cwd: '/' }), /remembered/)
})

t.test('two hooks that a harness calls at once, as it starts, are one agent', async (t) => {
  for (let i = 0; i < 5; i++) {
    const session = new Session(t, 'copilot, camelCase')
    const told = await Promise.all([session.told(t, 'start'), session.told(t, 'prompt')])
    const texts = told.filter((text) => text !== undefined) // the later one may find that the agent knows itself
    t.ok(texts.length > 0)
    for (const text of texts) t.match(text, new RegExp(`agent ${session.agentId} `))
    const here = (await alice.listAgents()).map(({ agent_id }) => agent_id)
    t.notOk(here.includes(`${session.agentId}-2`))
  }
})

t.test('a session that Arc joins in the middle is signed in at its first event', async (t) => {
  const session = new Session(t, 'gemini')
  t.match(await session.told(t, 'tool'), new RegExp(`agent ${session.agentId} `))
})

t.test('silence on both streams, and success, for all that is not ours', async (t) => {
  const session = new Session(t, 'claude')
  await session.told(t, 'start')
  await alice.dm(session.agentId, 'for the right one')
  const quiet = async (what: string, call: Promise<HookEnd>, withinMs = 10_000) => {
    const { code, stdout, stderr, tookMs } = await call
    t.strictSame([code, stdout, stderr], [0, '', ''], what)
    t.ok(tookMs < withinMs, `${what}: ${tookMs} ms`)
  }
  await quiet('a subagent', session.call('tool', { agent_id: 'sub', agent_type: 'default' }))
  await quiet('Cursor reads the hooks of Claude Code', session.call('tool', { cursor_version: '3.17.19' }))
  await quiet('so does Copilot', session.call('tool', {}, { env: { COPILOT_CLI: '1' } }))
  await quiet('and VS Code', session.call('tool', { hookEventName: 'PostToolUse', sessionId: 'x' }))
  await quiet('an event of no moment', session.call('tool', { hook_event_name: 'PreCompact' }))
  const run = (payload: string, how: Partial<HookCall> = {}) =>
    runHook({ args: ['claude'], payload, env: { ARC_BASE_URL: hub.url }, ...how })
  await quiet('empty input', run(''))
  await quiet('no JSON', run('hello'))
  await quiet('a list', run('[1]'))
  await quiet('input that never ends', run('{"session_id":', { isOpen: true }))
  await quiet('a folder that is gone', session.call('tool', { cwd: '/nowhere/at/all' }))
  await quiet('an unknown harness', runHook({ args: ['emacs'], payload: {} }))
  const bom = '\uFEFF\uFEFF'
  const payload = JSON.stringify({ session_id: 'x', cwd: session.folder, hook_event_name: 'PreCompact' })
  await quiet('byte order marks', run(bom + payload))
  t.match(
    await session.told(t, 'tool', {}, { isOpen: true }),
    /for the right one/,
    'whole input that is never closed',
  )
})

t.test(
  'a payload of many megabytes is read, and a state folder that takes no folders ends nothing',
  async (t) => {
    const session = new Session(t, 'claude')
    await session.told(t, 'start')
    const { id } = await alice.dm(session.agentId, 'beside much output')
    const tool_response = 'x}'.repeat(6_000_000)
    t.match(await session.told(t, 'tool', { tool_response }), new RegExp(`#${id} alice to you`))
    const payload = { session_id: 'x', hook_event_name: 'UserPromptSubmit', prompt: 'x', cwd: session.folder }
    const env = { ARC_BASE_URL: hub.url, XDG_STATE_HOME: '/proc/x' }
    t.match(await runHook({ args: ['claude'], payload, env }), { code: 0, stderr: '' })
  },
)

t.test('byte order marks are skipped', async (t) => {
  const folder = ownFolder(t)
  const payload = { session_id: 'bom', cwd: folder, hook_event_name: 'SessionStart' }
  const env = { ARC_BASE_URL: hub.url, XDG_STATE_HOME: folder }
  const { stdout } = await runHook({
    args: ['claude'],
    payload: `\uFEFF\uFEFF${JSON.stringify(payload)}`,
    env,
  })
  t.match(stdout, /this session is agent/)
})

t.test(
  'a hub that is down, hangs or answers nonsense costs a second at most, and nothing else',
  async (t) => {
    const session = new Session(t, 'claude')
    await session.told(t, 'start')
    const servers = {
      hangs: createServer(() => {}),
      nonsense: createServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n\r\n')),
      slow: createServer((socket) => {
        const beat = setInterval(() => socket.write('H'), 100)
        socket.on('error', () => {})
        socket.on('close', () => clearInterval(beat))
      }),
    }
    const urls: Record<string, string> = { down: 'http://127.0.0.1:9' }
    for (const [name, server] of Object.entries(servers)) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      t.teardown(() => server.close())
      urls[name] = `http://127.0.0.1:${(server.address() as { port: number }).port}`
    }
    for (const [name, url] of Object.entries(urls)) {
      const { code, stdout, stderr, tookMs } = await session.call('tool', {}, { env: { ARC_BASE_URL: url } })
      t.strictSame([code, stdout, stderr], [0, '', ''], name)
      t.ok(tookMs < 8_000, `${name}: ${tookMs} ms`)
    }
  },
)

t.test('the process of the harness keeps the session, and its end frees what it holds', async (t) => {
  // This test's process calls the hook, so it plays the harness.
  const session = new Session(t, 'claude')
  await session.told(t, 'start')
  const { session: open } = await alice.agent(session.agentId)
  t.equal(open?.process?.pid, process.pid)
  await until('it to be present', async () => (await alice.mailbox(session.agentId)).present)
})
