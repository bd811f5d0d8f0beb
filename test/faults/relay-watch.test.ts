// What the relay does where events are lost, and where its folders are: nothing depends on a watch, a spool that is
// deleted comes back, and a hub that stops, or starts on new storage, leaves no request hanging.

import { spawn, spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import type { Hub, HubOptions } from '../../src/actors/hub.js'
import { ArcClient } from '../../src/sdk/index.js'
import { Place } from '../support/arc-process.js'
import { Calls } from '../support/calls.js'
import { isFull, rounds } from '../support/campaign.js'
import { FileAgent, FilePoster, postedIn } from '../support/file-agent.js'
import { ownFolder } from '../support/folder.js'
import { startTestHub } from '../support/hub.js'
import { Ledger } from '../support/ledger.js'
import { startHubProcess } from '../support/processes.js'
import { percentile, until } from '../support/waiting.js'
import { lockForWriting } from './relay-kill-points.suite.js'

const LOOKS = rounds(3, 10)
const STOPS = rounds(2, 20)
/** Milliseconds after which an idle hub without events has noticed a request. */
const NOTICED_WITHIN_MS = 2_000
/** The same on a machine that is busy with other tests. */
const NOTICED_UNDER_LOAD_MS = 15_000

interface Serving {
  readonly folder: string
  readonly spool: string
  readonly hub: Hub
  readonly calls: Calls
}

async function serving(t: Test, options: Partial<HubOptions> = {}): Promise<Serving> {
  const folder = ownFolder(t)
  const spool = join(folder, 'spool')
  const hub = await startTestHub(t, { storagePath: join(folder, 'arc.sqlite3'), spoolDir: spool, ...options })
  return { folder, spool, hub, calls: new Calls(t, hub.url) }
}

t.test('a hub that is told of nothing finds requests by looking', async (t) => {
  const { spool, calls } = await serving(t, { watchSpool: false })
  const tookMs: number[] = []
  for (let look = 0; look < LOOKS; look++) {
    const agent = new FileAgent(spool, `agent-${look}`)
    const startedAt = performance.now()
    agent.post('a', `message ${look}`)
    postedIn(await agent.responseTo('a'))
    tookMs.push(performance.now() - startedAt)
  }
  t.comment(`answered after ${tookMs.map(Math.round)} ms`)
  t.ok(Math.max(...tookMs) < NOTICED_UNDER_LOAD_MS)
  t.ok(!isFull || percentile(tookMs, 0.5) < NOTICED_WITHIN_MS, 'at full size: most of them at once')

  const poller = new FileAgent(spool, 'poller')
  poller.poll('p', LOOKS, 60)
  await poller.sees(1)
  const startedAt = performance.now()
  const posted = await calls.say({ body: 'wake up' })
  t.match(await poller.responseTo('p'), { status: 200, body: { result: [{ id: posted.id }] } })
  t.comment(`a poller woke after ${Math.round(performance.now() - startedAt)} ms`)
})

t.test('a client that can watch nothing finds its answers by looking', async (t) => {
  const script = fileURLToPath(new URL('./relay-client.js', import.meta.url))
  // In a user namespace of its own a process may be allowed no watches at all.
  const noWatches = 'echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"'
  const alone = ['-Ur', 'sh', '-c', noWatches, 'sh']
  if (spawnSync('unshare', [...alone, 'true']).status !== 0) {
    t.comment('not shown: this system has no user namespaces for tests')
    return
  }
  const { spool, calls } = await serving(t)
  const client = startCommand(t, 'unshare', [...alone, process.execPath, script, spool])
  await calls.say({ from_agent: 'tester', body: 'for the client' })
  t.match(await client, { watched: false, received: ['for the client'] })
  t.comment(JSON.stringify(await client))
})

for (const lost of ['.', 'requests', 'requests/agent', 'responses', 'responses/agent']) {
  t.test(`service resumes when ${lost === '.' ? 'the spool' : lost} is deleted`, async (t) => {
    const { spool } = await serving(t)
    const agent = new FileAgent(spool, 'agent')
    const client = ArcClient.overRelay('client', { spoolDir: spool })
    t.teardown(() => client.close())
    agent.post('before', 'before')
    postedIn(await agent.responseTo('before'))
    await client.post('before')

    rmSync(join(spool, lost), { recursive: true })
    const deletedAt = performance.now()
    await until('the spool to be there', () => existsSync(spool))
    agent.post('after', 'after')
    const { body } = postedIn(await agent.responseTo('after'))
    const resumedMs = performance.now() - deletedAt
    t.equal(body, 'after')
    await client.post('after')
    const laterMs: number[] = []
    for (let i = 0; i < 10; i++) {
      const startedAt = performance.now()
      agent.post(`later-${i}`, 'later')
      await agent.responseTo(`later-${i}`)
      laterMs.push(performance.now() - startedAt)
    }
    const p50 = percentile(laterMs, 0.5)
    t.comment(`resumed after ${Math.round(resumedMs)} ms; later requests p50 ${p50.toFixed(1)} ms`)
    t.ok(resumedMs < NOTICED_UNDER_LOAD_MS)
    t.ok(!isFull || p50 < 200, 'at full size: by a watch that is set anew') // a scan alone finds them after 250 ms
  })
}

t.test('a hub that is stopped with requests under way leaves none behind', async (t) => {
  const place = new Place(t)
  const ensure = () => place.ensure(['--port', '0', '--spool-dir', 'spool'])
  let hub = await ensure()
  const ledger = new Ledger()
  const posters = Array.from(
    { length: 4 },
    (_, i) => new FilePoster(t, new FileAgent(place.path('spool'), `agent-${i}`), ledger, 50),
  )
  const all = Promise.all(posters.map(({ run }) => run))
  all.catch((error) => t.fail(`a post has failed: ${error}`))
  for (let stop = 1; stop <= STOPS; stop++) {
    const goal = ledger.acknowledged + 200
    await until(`${goal} answers`, () => ledger.acknowledged >= goal, 60_000)
    t.match(await place.arc(['stop']), { status: 0 })
    const taken = posters.flatMap(({ agent }) =>
      agent
        .hotFiles('requests')
        .filter((name) => name.endsWith('.work') && !agent.response(name.slice(0, -5))),
    )
    t.strictSame(taken, [], 'what it has taken it has answered')
    hub = await ensure()
  }
  for (const poster of posters) poster.stop()
  await all
  ledger.verify(t, await new Calls(t, hub.url).everythingIn('general'))
  t.comment(`${STOPS} stops, ${ledger.summary}`)
})

t.test(
  'a hub on new storage executes what waits, and nothing that the old one may have executed',
  async (t) => {
    const folder = ownFolder(t)
    const spool = join(folder, 'spool')
    const storagePath = join(folder, 'arc.sqlite3')
    const start = () =>
      startHubProcess(t, [
        '--storage',
        storagePath,
        '--port',
        '0',
        '--spool-dir',
        spool,
        '--log-level',
        'warn',
      ])
    const old = await start()
    const nextSecond = (Math.floor(Date.now() / 1_000) + 1) * 1_000
    const agent = new FileAgent(spool, 'agent')
    agent.post('answered', 'answered')
    const answered = await agent.responseTo('answered')
    const unlock = lockForWriting(t, storagePath)
    agent.post('claimed', 'claimed')
    await agent.claimed('claimed')
    await old.end('SIGKILL')
    unlock()
    agent.post('waiting', 'waiting')
    for (const ending of ['', '-wal', '-shm']) rmSync(storagePath + ending, { force: true })
    // Storages that were made in the same second at the same place can't be told apart (PROTOCOL §8).
    await until('the next second', () => Date.now() >= nextSecond)

    const fresh = await start()
    const posted = postedIn(await agent.responseTo('waiting'))
    t.match(await agent.responseTo('claimed'), { ok: false, code: 'claimed_elsewhere' })
    t.strictSame(await new Calls(t, fresh.url).everythingIn('general'), [posted])
    t.strictSame(agent.response('answered'), answered, 'old answers stay what they were')
  },
)

/** What a command reports on standard output, in JSON. */
async function startCommand(t: Test, command: string, args: readonly string[]): Promise<unknown> {
  const { NODE_OPTIONS: _, ...env } = process.env
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  return JSON.parse(await text(child.stdout))
}
