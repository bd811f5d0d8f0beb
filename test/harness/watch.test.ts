// Waking an idle session: one watcher of a session waits at the hub and wakes the model, which is then handed the messages by the
// prompt's hook. Nothing that goes wrong wakes a model.

import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { FACTS } from '../../src/harness/places.js'
import { ArcClient } from '../../src/sdk/index.js'
import { ownFolder } from '../support/folder.js'
import { startTestHub } from '../support/hub.js'
import { until } from '../support/waiting.js'
import { type HookEnd, runHook, WATCH } from './hook-process.js'
import { HookSession } from './hook-session.js'

t.jobs = 4
const hub = await startTestHub(t)
const alice = await ArcClient.quickstart('alice', { baseUrl: hub.url })
t.teardown(() => alice.close())

const SILENT = { code: 0, stdout: '', stderr: '' }

class Idle extends HookSession {
  /** A session of Claude Code whose model has stopped. */
  static async open(t: Test): Promise<Idle> {
    const session = new Idle(t, hub.url, 'claude')
    await session.told(t, 'start')
    await session.told(t, 'stop')
    return session
  }

  async watch(): Promise<{ readonly ended: Promise<HookEnd> }> {
    const payload = { session_id: this.id, cwd: this.folder, hook_event_name: 'Stop' }
    const ended = runHook({ program: WATCH, args: ['claude'], payload, env: this.env })
    await this.isWatched()
    return { ended }
  }

  /** What the newest watcher has written, by which it may wake. */
  watchToken(): string {
    const { XDG_STATE_HOME = '' } = this.env
    return readFileSync(join(XDG_STATE_HOME, 'arc', 'sessions', `claude-${this.id}.json.watch`), 'utf8')
  }

  async isWatched(): Promise<void> {
    await until('the watcher to wait', async () =>
      (await alice.status()).waiting_agents.includes(this.agentId),
    )
  }
}

t.test('a message wakes the model, and the hook of the prompt hands it over', async (t) => {
  const session = await Idle.open(t)
  const { ended } = await session.watch()
  await alice.dm(session.agentId, 'only for your information', { metadata: { no_reply: true } })
  const { id } = await alice.dm(session.agentId, 'wake up')
  t.match(await ended, {
    code: 2,
    stdout: '',
    stderr: `Arc: a message of alice for agent ${session.agentId} has come.`,
  })
  t.match((await alice.receipts(id))[0], { state: 'queued' }, 'a wake hands over nothing')
  const prompt = '<task-notification>\n<summary>Stop hook feedback</summary>\n</task-notification>'
  t.match(await session.told(t, 'prompt', { prompt }), /\| wake up/)
  t.match((await alice.receipts(id))[0], { state: 'shown', via: 'claude prompt' })
})

t.test('what the session does by itself ends the watch', async (t) => {
  for (const moment of ['prompt', 'tool', 'end'] as const) {
    const session = await Idle.open(t)
    const { ended } = await session.watch()
    await session.call(moment)
    await alice.dm(session.agentId, 'too late')
    t.match(await ended, SILENT, moment)
  }
})

t.test('the newest watcher of a session wakes it, and no other', async (t) => {
  const session = await Idle.open(t)
  const first = await session.watch()
  const token = session.watchToken()
  const second = runHook({
    program: WATCH,
    args: ['claude'],
    payload: { session_id: session.id, cwd: session.folder },
    env: session.env,
  })
  await until('the second to have begun', () => session.watchToken() !== token)
  await alice.dm(session.agentId, 'one of you')
  const codes = [(await first.ended).code, (await second).code]
  t.strictSame(codes, [0, 2])
})

t.test('at most 30 wakes come without a prompt of the person', async (t) => {
  const session = await Idle.open(t)
  const prompt = '<task-notification>\n</task-notification>'
  const { ended } = await session.watch()
  await alice.dm(session.agentId, 'wake')
  t.equal((await ended).code, 2)
  await session.told(t, 'prompt', { prompt })
  remembering(session, { wakes: 30 })
  await session.told(t, 'prompt', { prompt })
  const watch = () =>
    runHook({ program: WATCH, args: ['claude'], payload: { session_id: session.id }, env: session.env })
  t.match(await watch(), SILENT)
  await session.told(t, 'prompt', { prompt: 'now do this' })
  const again = await session.watch()
  await alice.dm(session.agentId, 'wake again')
  t.equal((await again.ended).code, 2)
})

/** The memory is the user's, so a process with the session's environment writes it. */
function remembering({ id, env }: HookSession, changes: object): void {
  const memory = new URL('../../src/session-memory.js', import.meta.url).href
  const script = `import { recall, remember } from ${JSON.stringify(memory)}
remember('claude', '${id}', { ...recall('claude', '${id}'), ...${JSON.stringify(changes)} })`
  spawnSync(process.execPath, ['--input-type=module', '-e', script], { env: { ...process.env, ...env } })
}

t.test('a watcher ends with the program of its session', async (t) => {
  const session = await Idle.open(t)
  const payload = JSON.stringify({ session_id: session.id, cwd: session.folder })
  // It plays the harness, and is killed.
  const script = `const child = require('node:child_process').spawn(process.execPath, [${JSON.stringify(WATCH)}, 'claude'], { stdio: ['pipe', 'ignore', 'ignore'] })
console.log(child.pid); child.stdin.end(${JSON.stringify(payload)}); setInterval(() => {}, 1000)`
  const harness = spawn(process.execPath, ['-e', script], {
    env: { ...process.env, ...session.env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [pid] = await new Promise<number[]>((resolve) =>
    harness.stdout.once('data', (text) => resolve([Number(text)])),
  )
  await session.isWatched()
  harness.kill('SIGKILL')
  await alice.dm(session.agentId, 'nobody is there')
  await until('the watcher to end', () => !existsSync(`/proc/${pid}`))
})

t.test('a stop hook that can not run wakes nobody', async (t) => {
  const folder = ownFolder(t)
  const run = (hook: string, node = process.execPath) => {
    const program = { node, hook: join(folder, hook, 'hook.cjs'), main: '', plugin: '' }
    const places = FACTS.claude.places({ program, permissions: false, wake: true })
    const entry = places
      .flatMap((place) => ('json' in place ? place.json.edits : []))
      .find(({ value }) => JSON.stringify(value).includes('asyncRewake'))
    const [handler] = (
      entry as unknown as { value: { hooks: { command: string; args: string[]; asyncRewake: boolean }[] } }
    ).value.hooks
    t.equal(handler?.asyncRewake, true)
    return spawnSync(handler?.command ?? '', handler?.args ?? [], { input: '{}' }).status
  }
  t.equal(run('missing'), 0, 'no program')
  t.equal(run('missing', '/nowhere/node'), 0, 'no Node')
  for (const [name, text, status] of [
    ['throws', 'throw new Error()', 0],
    ['broken', '}{', 0],
    ['three', 'process.exit(3)', 0],
    ['wakes', 'process.exit(2)', 2],
  ] as const) {
    spawnSync('mkdir', ['-p', join(folder, name)])
    writeFileSync(join(folder, name, 'watch.cjs'), text)
    t.equal(run(name), status, name)
  }
})

t.test('Codex is woken by a prompt in its queue, until an event of the session proves it', async (t) => {
  const session = new HookSession(t, hub.url, 'codex')
  const folder = ownFolder(t)
  const log = join(folder, 'log')
  // In the place of Codex's own program, which only `npm run test:harness` has.
  writeFileSync(join(folder, 'codex'), `#!/bin/sh\necho "$@" >> '${log}'\n`)
  chmodSync(join(folder, 'codex'), 0o755)
  const env = { ...session.env, PATH: `${folder}:${process.env.PATH}` }
  await session.told(t, 'start')
  await session.call('stop', {}, { args: ['--wake'], env })
  await until('the watcher to wait', async () =>
    (await alice.status()).waiting_agents.includes(session.agentId),
  )
  const { id } = await alice.dm(session.agentId, 'wake up')
  await until('the queue', () => existsSync(log) && readFileSync(log, 'utf8').endsWith('\n'))
  const said = `Arc: a message of alice for agent ${session.agentId} has come.`
  t.equal(readFileSync(log, 'utf8'), `queue --thread ${session.id} --message ${said}\n`)
  t.match(await session.told(t, 'prompt', { prompt: said }), /\| wake up/)
  t.match((await alice.receipts(id))[0], { state: 'shown', via: 'codex prompt' })
})
