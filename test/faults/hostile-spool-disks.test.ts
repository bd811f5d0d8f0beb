// A spool on a disk that is full or becomes read-only. The hub stays alive, says so, leaves no heap of half
// written files behind, and goes on by itself once it can; every request that was taken is answered once.
// Each test mounts a small file system of its own, which needs root.

import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { call } from '../support/arc-process.js'
import { Arena } from '../support/arena.js'
import { ownFolder } from '../support/folder.js'
import { startHubProcess } from '../support/processes.js'
import { fill, noSmallDisk, smallDisk } from '../support/small-disk.js'
import { until } from '../support/waiting.js'

/** How often each text was posted by evil. */
async function effectsOf(arena: Arena): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  const path = '/v1/messages?channel=general&limit=500&tail=true'
  for (const { body } of await call<{ body: string }[]>(arena.hub.url, path)) {
    counts.set(body, (counts.get(body) ?? 0) + 1)
  }
  return counts
}

t.test(
  'on a full disk requests are taken, and answered once there is room',
  { skip: noSmallDisk },
  async (t) => {
    const place = smallDisk(t, 2_048)
    const arena = await Arena.enter(t, { spool: join(place, 'spool'), bystander: false })
    const evil = arena.agent('writer')
    await evil.ask('GET', '/v1/hub-info')
    // The hub must not be faster than the one who fills the disk.
    process.kill(arena.hub.pid, 'SIGSTOP')
    const stems = Array.from({ length: 40 }, (_, i) => evil.say(`kept ${i}`))
    fill(place)
    process.kill(arena.hub.pid, 'SIGCONT')
    await arena.logs(/responses\/writer can't be written.*(ENOSPC|no space)/)
    // A queue whose answers can't be written rests for half a minute at most.
    for (const stem of stems) await evil.claimed(stem, 90_000)
    unlinkSync(join(place, 'ballast'))
    for (const stem of stems) t.equal((await evil.response(stem)).status, 201)
    const counts = await effectsOf(arena)
    const effects = stems.map((_, i) => counts.get(`kept ${i}`))
    t.strictSame(new Set(effects), new Set([1]), 'each had its effect once')
    const temporary = readdirSync(evil.responses).filter((name) => name.endsWith('.tmp'))
    t.strictSame(temporary, [], 'no half written files are left')
    await arena.unharmed(t)
  },
)

t.test('a disk that stays full collects no files', { skip: noSmallDisk }, async (t) => {
  const place = smallDisk(t, 1_024)
  const spool = join(place, 'spool')
  const arena = await Arena.enter(t, { spool, bystander: false })
  const evil = arena.agent('writer')
  await evil.ask('GET', '/v1/hub-info')
  // A small request whose answer is large: there is room for the one and not for the other.
  for (let i = 0; i < 20; i++) {
    const body = { from_agent: 'elsewhere', body: 'x'.repeat(100_000) }
    await call(arena.hub.url, '/v1/messages', body)
  }
  const stem = evil.submit('GET', '/v1/messages?channel=general')
  await arena.logs(/responses\/writer can't be written.*(ENOSPC|no space)/)
  const small = arena.agent('small')
  // While the hub tries to write the large answer again, there may be no room for the request itself.
  const askOnce = async () => {
    try {
      return (await small.ask('GET', '/v1/hub-info')).status
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return undefined
      throw error
    }
  }
  for (let i = 0; i < 20; i++) t.equal(await until('room for a request', askOnce), 200)
  t.notOk(evil.hasResponse(stem))
  t.ok(readdirSync(evil.responses).length <= 3, 'what could not be written was removed')
  await arena.unharmed(t)
})

t.test(
  'a spool that becomes read-only is served again when it can be written',
  { skip: noSmallDisk },
  async (t) => {
    const place = smallDisk(t, 4_096)
    const spool = join(place, 'spool')
    const arena = await Arena.enter(t, { spool, bystander: false })
    const evil = arena.agent('writer')
    await evil.ask('GET', '/v1/hub-info')
    const poll = evil.submit('GET', '/v1/events?agent_id=writer&since_id=999999&timeout=60')
    await evil.claimed(poll)
    execFileSync('mount', ['-o', 'remount,ro', place])
    t.throws(() => evil.say('too late'), { code: 'EROFS' } as NodeJS.ErrnoException)
    await arena.logs(/EROFS|read-only/)
    t.ok((await call<{ pid: number }>(arena.hub.url, '/v1/status')).pid > 0, 'over HTTP it goes on')
    execFileSync('mount', ['-o', 'remount,rw', place])
    t.equal((await evil.ask('GET', '/v1/hub-info')).status, 200)
    await arena.unharmed(t)
  },
)

t.test('a hub does not start on a read-only spool, and says why', { skip: noSmallDisk }, async (t) => {
  const place = smallDisk(t, 1_024)
  const spool = join(place, 'spool')
  mkdirSync(spool)
  execFileSync('mount', ['-o', 'remount,ro', place])
  const args = ['--port', '0', '--storage', join(ownFolder(t), 'arc.sqlite3'), '--spool-dir', spool]
  await t.rejects(startHubProcess(t, args), /spool.*(EROFS|read-only).*--spool-dir/)
})
