// What happens to `arc mcp` and around it: older handshakes, a hub that goes and comes back, a program that is gone, and who the
// agent is.

import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { PACKAGE_ROOT, PROGRAM } from '../../src/package.js'
import { ArcClient } from '../../src/sdk/index.js'
import { runHook } from '../harness/hook-process.js'
import { isAlive } from '../support/arc-process.js'
import { ownFolder } from '../support/folder.js'
import { startTestHub } from '../support/hub.js'
import { startHubProcess } from '../support/processes.js'
import { until } from '../support/waiting.js'
import { Program, RawServer } from './mcp-process.js'

t.jobs = 3
const hub = await startTestHub(t)
const at = ['--base-url', hub.url]
const alice = await ArcClient.quickstart('alice', { baseUrl: hub.url })
t.teardown(() => alice.close())
/** What must be gone is gone within 3 s; this machine may be busy. */
const GONE_MS = 10_000

const isHere = async (agentId: string) =>
  (await alice.listAgents()).some(({ agent_id }) => agent_id === agentId)

for (const version of ['2024-11-05', '2025-06-18', '2025-11-25']) {
  t.test(`the handshake of ${version}`, async (t) => {
    const server = new RawServer(t, { args: [...at, '--agent', `old-${version}`] })
    server.initialize(version)
    t.match(await until('the handshake', () => server.answer('hello')), {
      result: { protocolVersion: version },
    })
    server.send({ id: 1, method: 'tools/list' })
    const listed = await until('the tools', () => server.answer(1))
    t.equal(listed.result?.tools?.length, 10)
    await until('the agent to be here before its first call', () => isHere(`old-${version}`))
    server.call(2, 'arc_post', { text: `hello by ${version}` })
    t.match(await until('the post', () => server.answer(2)), {
      result: { content: [{ text: /Posted #\d+ in general/ }] },
    })
    server.child.stdin?.end()
    t.equal(await server.exited, 0)
    t.notOk(await isHere(`old-${version}`), 'its session has ended')
    for (const line of server.lines) t.equal((JSON.parse(line) as { jsonrpc: string }).jsonrpc, '2.0')
  })
}

t.test('what is no request, and a request that is none of MCP, end nothing', async (t) => {
  const server = new RawServer(t, { args: [...at, '--agent', 'tough'] })
  server.initialize('2025-06-18')
  server.child.stdin?.write('{ no JSON\n\n[]\n"x"\n')
  server.send({ id: 1, method: 'no/such' })
  t.match(await until('the refusal', () => server.answer(1)), { error: { code: -32601 } })
  server.call(2, 'arc_who')
  t.match(await until('the room', () => server.answer(2)), {
    result: { content: [{ text: /You are tough/ }] },
  })
})

t.test('a hub that was killed and started again serves the next call', async (t) => {
  const folder = ownFolder(t)
  const storage = ['--storage', join(folder, 'arc.sqlite3'), '--port']
  const first = await startHubProcess(t, [...storage, '0'])
  const program = await Program.start(t, { args: ['--base-url', first.url, '--agent', 'survivor'] })
  t.match(await program.text('arc_hold', { lock: 'a.ts' }), 'You hold lock a.ts')
  await first.end('SIGKILL')
  const { text, isError } = await program.call('arc_post', { text: 'anybody?' })
  t.ok(isError)
  t.match(text, /no hub answers at .*arc ensure/)
  await startHubProcess(t, [...storage, new URL(first.url).port])
  t.match(await program.text('arc_post', { text: 'back again' }), 'in general')
  t.match(await program.text('arc_who'), 'lock a.ts by survivor')
  const { pid } = program
  process.kill(pid, 'SIGTERM')
  await until('the server to be gone', () => !isAlive(pid), GONE_MS)
  const after = await ArcClient.quickstart('after', { baseUrl: first.url })
  t.teardown(() => after.close())
  t.ok((await after.lock('a.ts')).acquired, 'and frees what it held before the hub ended')
})

t.test('a hub that comes back at another address serves the next call', async (t) => {
  const cwd = ownFolder(t)
  mkdirSync(join(cwd, '.arc'), { mode: 0o700 })
  const options = ['--storage', join(cwd, '.arc', 'arc.sqlite3'), '--port', '0']
  const first = await startHubProcess(t, options)
  const program = await Program.start(t, { cwd })
  t.match(await program.text('arc_who'), 'You are a-program-')
  await first.end('SIGKILL')
  const second = await startHubProcess(t, options)
  t.not(second.url, first.url)
  t.match(await program.text('arc_post', { text: 'found' }), 'in general')
})

t.test('the server and the session end with the program, also if the input stays open', async (t) => {
  const home = ownFolder(t)
  const input = join(home, 'input')
  execFileSync('mkfifo', [input])
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'x', version: '1' } }
  const lines = [
    { jsonrpc: '2.0', id: 1, method: 'initialize', params },
    { jsonrpc: '2.0', id: 2, method: 'tools/list' },
  ]
  const args = [PROGRAM, 'mcp', ...at, '--agent', 'orphan']
  // The server can write its own input, so that never ends.
  const script = `
    const input = require('node:fs').openSync(${JSON.stringify(input)}, 'r+')
    const { spawn } = require('node:child_process')
    const child = spawn(process.execPath, ${JSON.stringify(args)}, { stdio: [input, 'ignore', 'ignore'] })
    require('node:fs').writeSync(input, ${JSON.stringify(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))})
    process.stdout.write('pid ' + child.pid + '\\n')`
  const env = { PATH: process.env.PATH ?? '', HOME: home, XDG_STATE_HOME: home }
  const parent = spawn(process.execPath, ['-e', script], {
    env,
    cwd: home,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => parent.kill('SIGKILL'))
  let said = ''
  parent.stdout.on('data', (chunk: Buffer) => {
    said += chunk
  })
  const pid = Number(await until('the pid', () => /pid (\d+)/.exec(said)?.[1]))
  t.teardown(() => isAlive(pid) && process.kill(pid, 'SIGKILL'))
  await until('the agent to be here', () => isHere('orphan'))
  const startedAt = performance.now()
  parent.kill('SIGKILL')
  await until('the server to be gone', () => !isAlive(pid), GONE_MS)
  await until('the session to be gone', async () => !(await isHere('orphan')), GONE_MS)
  t.comment(`gone after ${Math.round(performance.now() - startedAt)} ms`)
})

t.test('two servers under one name: the end of either leaves alone what the other holds', async (t) => {
  const start = () => Program.start(t, { args: [...at, '--agent', 'twin'] })
  const [older, newer] = [await start(), await start()]
  await older.text('arc_hold', { lock: 'older.ts' })
  t.match(await newer.text('arc_hold', { lock: 'newer.ts' }), 'You hold')
  const { pid } = older
  process.kill(pid, 'SIGTERM')
  await until('the older server to be gone', () => !isAlive(pid), GONE_MS)
  t.ok(await isHere('twin'))
  t.match(await alice.lock('newer.ts'), { acquired: false, lock: { agent_id: 'twin' } })
  const third = await start()
  await third.text('arc_hold', { lock: 'third.ts' })
  const last = third.pid
  process.kill(last, 'SIGTERM')
  await until('the third server to be gone', () => !isAlive(last), GONE_MS)
  t.match(await alice.lock('newer.ts'), { acquired: false })
  t.ok((await alice.lock('third.ts')).acquired, 'and frees what it held itself')
})

t.test('SIGTERM ends the server and its session, and frees what it held', async (t) => {
  const program = await Program.start(t, { args: [...at, '--agent', 'ended'] })
  const held = [{ lock: 'held.ts' }, { claim: 'held' }, { scope: ['held/**'] }]
  for (const one of held) t.match(await program.text('arc_hold', one), 'You hold')
  const { pid } = program // which the client forgets when the server is gone
  process.kill(pid, 'SIGTERM')
  await until('the server to be gone', () => !isAlive(pid), GONE_MS)
  t.notOk(await isHere('ended'))
  t.ok((await alice.lock('held.ts')).acquired)
  t.ok((await alice.claim('held')).acquired)
  t.ok((await alice.scope('held/**')).acquired)
})

t.test('a message is shown when its answer has left the server', async (t) => {
  const program = await Program.start(t, { args: [...at, '--agent', 'reader'] })
  await program.text('arc_who')
  const { id } = await alice.dm('reader', 'read me')
  t.match(await program.text('arc_inbox', { wait: 20 }), '| read me')
  const shown = await until('the receipt', async () => {
    const [receipt] = await alice.receipts(id)
    return receipt?.state === 'shown' && receipt
  })
  t.equal(shown.via, 'mcp')
})

t.test('a call that was cancelled shows nothing, and the next call has the message', async (t) => {
  const server = new RawServer(t, { args: [...at, '--agent', 'fickle'] })
  server.initialize('2025-06-18')
  server.call(1, 'arc_inbox', { wait: 50 })
  await until('the agent to be here', () => isHere('fickle'))
  server.send({ method: 'notifications/cancelled', params: { requestId: 1 } })
  const { id } = await alice.dm('fickle', 'still here?')
  t.not((await alice.receipts(id))[0]?.state, 'shown')
  server.call(2, 'arc_inbox', { wait: 50 })
  t.match(await until('the message', () => server.answer(2), 40_000), {
    result: { content: [{ text: /still here/ }] },
  })
  t.equal(server.answer(1), undefined)
})

t.test('an answer that is not read leaves its messages offered', async (t) => {
  const server = new RawServer(t, { args: [...at, '--agent', 'unread'] })
  server.initialize('2025-06-18')
  server.call(1, 'arc_who')
  await until('the agent', () => server.answer(1))
  server.child.stdout?.destroy()
  const { id } = await alice.dm('unread', 'lost?')
  server.call(2, 'arc_inbox', { wait: 20 })
  await server.exited
  t.not((await alice.receipts(id))[0]?.state, 'shown')
})

t.test(
  'the server is the agent that a hook of the session has named, and leaves it its session',
  async (t) => {
    const home = ownFolder(t)
    const cwd = join(home, 'website')
    mkdirSync(cwd)
    const env = {
      HOME: home,
      XDG_STATE_HOME: home,
      ARC_BASE_URL: hub.url,
      CLAUDE_CODE_SESSION_ID: 'session-1',
    }
    const payload = { session_id: 'session-1', cwd, hook_event_name: 'SessionStart', source: 'startup' }
    const { stdout } = await runHook({ args: ['claude'], payload, env })
    t.match(stdout, 'agent claude-website ')
    const program = await Program.start(t, { env, cwd, name: 'claude-code' })
    t.match(await program.text('arc_who'), '(You are agent claude-website.)')
    t.notMatch(await program.text('arc_who'), '(You are agent', 'it is told once')
    const stranger = await Program.start(t, { env, cwd, name: 'gemini-cli-mcp-client' })
    t.match(await stranger.text('arc_who'), 'You are gemini-website;', 'a program inside of the other one')
    await program.client.close()
    t.ok(await isHere('claude-website'), 'the session is of the hook')
  },
)

t.test('a hook is the agent as which the server has signed in', async (t) => {
  const home = ownFolder(t)
  const cwd = join(home, 'shop')
  mkdirSync(cwd)
  const env = { HOME: home, XDG_STATE_HOME: home, ARC_BASE_URL: hub.url }
  const server = new RawServer(t, { env, cwd })
  server.initialize('2025-06-18')
  const meta = { 'x-codex-turn-metadata': { session_id: 'session-2', thread_id: 'thread-2' } }
  server.call(1, 'arc_who', {}, meta)
  t.match(await until('the name', () => server.answer(1)), {
    result: { content: [{ text: /agent codex-shop\./ }] },
  })
  const payload = { session_id: 'session-2', turn_id: 't', model: 'm', cwd, hook_event_name: 'SessionStart' }
  const { stdout } = await runHook({ args: ['codex'], payload, env })
  t.match(stdout, 'agent codex-shop ')
  server.call(2, 'arc_who', {}, { 'x-codex-turn-metadata': { session_id: 'session-3' } })
  t.match(await until('another name', () => server.answer(2)), {
    result: { content: [{ text: /agent codex-shop-2\./ }] },
  })
})

t.test(
  'a program that tells its server no session is one agent with its hooks, by its process',
  async (t) => {
    const home = ownFolder(t)
    for (const first of ['hook', 'server']) {
      const cwd = join(home, first)
      mkdirSync(cwd)
      const env = { HOME: home, XDG_STATE_HOME: home, ARC_BASE_URL: hub.url }
      const payload = { session_id: `gemini ${first}`, cwd, hook_event_name: 'SessionStart', timestamp: '' }
      const callHook = () => runHook({ args: ['gemini'], payload, env })
      if (first === 'hook') await callHook()
      const program = await Program.start(t, { env, cwd, name: 'gemini-cli-mcp-client' })
      t.match(await program.text('arc_who'), `(You are agent gemini-${first}.)`)
      if (first === 'server') t.match((await callHook()).stdout, `agent gemini-${first} `)
      await program.client.close()
      const again = await Program.start(t, { env, cwd, name: 'gemini-cli-mcp-client' })
      t.match(await again.text('arc_who'), `You are gemini-${first};`, 'the server was started again')
    }
  },
)

t.test('ARC_AGENT names the agent', async (t) => {
  const program = await Program.start(t, { args: at, env: { ARC_AGENT: 'by-environment' } })
  t.match(await program.text('arc_who'), 'You are by-environment')
})

t.test('only arc mcp loads the server library, whose license is in the package', async (t) => {
  const folder = fileURLToPath(new URL('./dist/program/', PACKAGE_ROOT))
  const files = readdirSync(folder).filter((name) => /\.c?js$/.test(name))
  const having = (pattern: RegExp) =>
    files.filter((name) => pattern.test(readFileSync(join(folder, name), 'utf8')))
  t.strictSame(having(/modelcontextprotocol/), ['mcp.js'])
  t.strictSame(having(/["'`]\.\/mcp\.js["'`]/), ['arc-mcp.cjs'])
  const licenses = readFileSync(join(folder, 'LICENSES.txt'), 'utf8')
  for (const name of ['@modelcontextprotocol/server', '@modelcontextprotocol/core', 'citty'])
    t.match(licenses, new RegExp(`^${name} `, 'm'))
})
