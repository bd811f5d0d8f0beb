// The narrow moments of a request's life, which real obstacles hold open: a write lock on the database, a file
// where the folder of responses belongs. Whoever dies then, the request is executed once and answered once.

import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import t, { type Test } from 'tap'
import { Calls } from '../support/calls.js'
import { FileAgent, postedIn, stemOf } from '../support/file-agent.js'
import { ownFolder } from '../support/folder.js'
import { startTestHub } from '../support/hub.js'
import { LogLines } from '../support/log-lines.js'
import { startHubProcess } from '../support/processes.js'
import { until } from '../support/waiting.js'

const WAITERS = 20
/** When so many more requests are settled, older ones are moved into the archive. */
const CROWD = 450

/** A hub of which something can die. */
export interface Mortal {
  readonly spool: string
  readonly storagePath: string
  calls(): Calls
  /** Dies, and lives again. `meanwhile` is done when it is dead, or as soon as nothing but that holds up its death. */
  die(meanwhile?: () => void): Promise<void>
}

/** A hub in a process of its own, which dies. `options` are more of the command line's. */
export async function mortalProcess(t: Test, options: readonly string[] = []): Promise<Mortal> {
  const folder = ownFolder(t)
  const storagePath = join(folder, 'arc.sqlite3')
  const spool = join(folder, 'spool')
  const args = ['--storage', storagePath, '--port', '0', '--spool-dir', spool, '--log-level', 'warn']
  const start = () => startHubProcess(t, [...args, ...options])
  let hub = await start()
  return {
    spool,
    storagePath,
    calls: () => new Calls(t, hub.url),
    die: async (meanwhile) => {
      t.match(await hub.end('SIGKILL'), { signal: 'SIGKILL' })
      meanwhile?.()
      hub = await start()
    },
  }
}

/** A hub in this process, one thread of which dies. */
export function mortalActor(actor: 'relay' | 'storage') {
  return async (t: Test): Promise<Mortal> => {
    const folder = ownFolder(t)
    const log = new LogLines()
    const spool = join(folder, 'spool')
    const storagePath = join(folder, 'arc.sqlite3')
    const hub = await startTestHub(t, { storagePath, spoolDir: spool, logLevel: 'info', logSink: log })
    const calls = new Calls(t, hub.url)
    return {
      spool,
      storagePath,
      calls: () => calls,
      die: async (meanwhile) => {
        const killed = hub.kill(actor)
        meanwhile?.()
        await killed
        await log.has(new RegExp(`${actor} is back`))
      },
    }
  }
}

export function testKillPoints(who: string, start: (t: Test) => Promise<Mortal>): void {
  t.test(`${who} dies between claim and commit`, async (t) => {
    const hub = await start(t)
    const agent = new FileAgent(hub.spool, 'agent')
    const unlock = lockForWriting(t, hub.storagePath)
    agent.post('a', 'once')
    await agent.claimed('a')
    await hub.die(unlock)
    await verifyOnce(t, hub, agent)
  })

  t.test(`${who} dies between commit and response`, async (t) => {
    const hub = await start(t)
    const agent = new FileAgent(hub.spool, 'agent')
    const clear = obstructResponses(agent)
    agent.post('a', 'once')
    await committed(hub)
    await hub.die(clear)
    await verifyOnce(t, hub, agent)
  })

  t.test(`${who} dies between response and archive`, async (t) => {
    const hub = await start(t)
    const agent = new FileAgent(hub.spool, 'agent')
    agent.post('a', 'once')
    await agent.responseTo('a')
    const look = () => {
      const path = join(agent.folder('responses'), 'a.json')
      const { ino, mtimeMs } = statSync(path)
      return { ino, mtimeMs, text: readFileSync(path, 'utf8') }
    }
    const before = look()
    t.ok(agent.hotFiles('requests').includes('a.work'), 'it is not archived yet')
    await hub.die()
    await verifyOnce(t, hub, agent)
    const others = Array.from({ length: CROWD }, (_, i) => stemOf(i))
    for (const stem of others) agent.post(stem, stem)
    await agent.responsesTo(others)
    others.push('the last one') // it makes the hub look at the crowd
    agent.post('z', 'the last one')
    await until('it to be archived', () => !agent.hotFiles('requests').includes('a.work'))
    await agent.responseTo('z')
    t.equal(agent.allFiles('requests').filter((name) => name === 'a.work').length, 1, 'moved, not deleted')
    t.strictSame(look(), before, 'the response is what it was')
    const stored = await hub.calls().everythingIn('general')
    t.strictSame(stored.map(({ body }) => body).sort(), ['once', ...others].sort(), 'nothing was repeated')
  })

  t.test(`${who} dies while agents long-poll: they receive what is posted next`, async (t) => {
    const hub = await start(t)
    const waiters = Array.from({ length: WAITERS }, (_, i) => new FileAgent(hub.spool, `waiter-${i}`))
    for (const waiter of waiters) waiter.poll('p', 0, 60)
    const observer = new FileAgent(hub.spool, 'observer')
    await observer.sees(WAITERS)
    await hub.die()
    await observer.sees(WAITERS)
    const posted = await hub.calls().say({ body: 'news' })
    for (const waiter of waiters) {
      const { status, body } = await waiter.responseTo('p')
      t.strictSame({ status, body }, { status: 200, body: { ok: true, result: [posted] } })
    }
  })
}

/** Holds up every commit until the returned function is called. */
export function lockForWriting(t: Test, storagePath: string): () => void {
  const db = new SqliteDatabase(storagePath)
  t.teardown(() => db.close())
  db.exec('BEGIN IMMEDIATE')
  return () => db.exec('ROLLBACK')
}

/** No response can be written until the returned function is called. */
export function obstructResponses(agent: FileAgent): () => void {
  mkdirSync(agent.folder('requests'))
  writeFileSync(agent.folder('responses'), 'in the way')
  return () => rmSync(agent.folder('responses'))
}

export async function committed(hub: Mortal): Promise<void> {
  const calls = hub.calls()
  await until('the message to be committed', async () => (await calls.everythingIn('general')).length > 0)
}

/** Asserts that the post under the stem `a` has happened once, and was answered once, with its message. */
export async function verifyOnce(t: Test, hub: Mortal, agent: FileAgent): Promise<void> {
  const posted = postedIn(await agent.responseTo('a'))
  t.equal(posted.body, 'once')
  t.strictSame(await hub.calls().everythingIn('general'), [posted], 'one effect, which the answer tells of')
  t.strictSame(agent.hotFiles('responses'), ['a.json'], 'one answer')
}
