// PROTOCOL §10: folders of the spool that are links, files, closed or just odd. Whoever owns one is skipped and
// the log says why; where it is one of the host's own, what stands in its place is moved aside. Nothing
// outside the spool is read, written, listed or watched.

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Arena } from '../support/arena.js'
import { rounds } from '../support/campaign.js'
import { ownFolder } from '../support/folder.js'
import { startHubProcess } from '../support/processes.js'
import { until } from '../support/waiting.js'

const asRoot = process.getuid?.() === 0 ? false : 'running the hub as another user needs root'
const onLinux = process.platform === 'linux' ? false : 'checked on Linux'
const NOBODY = 65_534
const FOLDERS = rounds(1_000, 10_000)
/** Nobody is served before a hub has seen all folders once. */
const FIRST_SCAN_MS = 20_000
const LONG_AGO = new Date('2001-01-01')

const arena = await Arena.enter(t)

t.test('an agent folder that is a link is skipped, and the log says so', async (t) => {
  symlinkSync(arena.outside, join(arena.spool, 'requests', 'linked'))
  symlinkSync('nowhere', join(arena.spool, 'requests', 'dangling'))
  await arena.logs(/requests\/linked/)
  await arena.logs(/requests\/dangling/)
  await arena.unharmed(t)
})

t.test('an agent folder that becomes a link while its requests are served is skipped', async (t) => {
  const evil = arena.agent('moving')
  t.equal((await evil.ask('GET', '/v1/hub-info')).status, 200)
  renameSync(evil.requests, join(arena.spool, 'requests', 'moving.was'))
  symlinkSync(arena.outside, evil.requests)
  await arena.logs(/requests\/moving/)
  unlinkSync(evil.requests)
  renameSync(join(arena.spool, 'requests', 'moving.was'), evil.requests)
  t.equal((await evil.ask('GET', '/v1/hub-info')).status, 200, 'a folder again, it is served again')
  await arena.unharmed(t)
})

t.test(
  'a folder of responses that is a link gets none, and the answers come when it is one again',
  async (t) => {
    const evil = arena.agent('elsewhere')
    symlinkSync(arena.outside, evil.responses)
    const stem = evil.say('once')
    await evil.claimed(stem)
    await arena.logs(/responses\/elsewhere can't be written/)
    unlinkSync(evil.responses)
    t.equal((await evil.response(stem)).status, 201)
    const { body } = await evil.ask<object[]>('GET', '/v1/messages?channel=general&limit=500&tail=true')
    t.equal(JSON.stringify(body).split('"once"').length, 2, 'it had its effect once')
    await arena.unharmed(t)
  },
)

t.test('archive folders that are links or files lead nowhere', async (t) => {
  const evil = arena.agent('archived')
  const archive = join(arena.spool, 'archive')
  const day = join(archive, new Date().toISOString().slice(0, 10))
  symlinkSync(arena.outside, day)
  // A stem that is used again makes the host move the second file to the archive.
  for (const place of [day, join(day, 'refused'), join(day, 'refused', 'archived')]) {
    if (place !== day) {
      renameSync(place, `${place}.was`)
      symlinkSync(arena.outside, place)
    }
    const stem = evil.say('one')
    await evil.response(stem)
    evil.say('another', stem)
    await until('it to be moved', () => !evil.listing().includes(`${stem}.json`))
  }
  t.equal(readdirSync(join(day, 'refused', 'archived')).length, 1, 'it is in the archive')
  await arena.unharmed(t)
})

t.test('agent ids that would climb out, and odd names of folders, are skipped', async (t) => {
  const odd = ['a b', 'ü', '%2e%2e', '-', '~', '*', 'new\nline', '\\..', ' ', '\u202e', '{a,b}']
  for (const name of odd) {
    mkdirSync(join(arena.spool, 'requests', name))
    writeFileSync(join(arena.spool, 'requests', name, 'x.json'), '{"method":"GET","path":"/v1/hub-info"}')
  }
  writeFileSync(join(arena.spool, 'requests', 'x.json'), '{"method":"GET","path":"/v1/hub-info"}')
  const served = [
    '.hidden',
    '...',
    '-rf',
    'requests',
    'host.json',
    '__proto__',
    'constructor',
    'x'.repeat(255),
  ]
  for (const name of served) t.equal((await arena.agent(name).ask('GET', '/v1/hub-info')).status, 200, name)
  await arena.logs(/requests\/a b is not a queue/)
  await arena.logs(/requests\/x\.json is not a queue/)
  for (const name of odd.filter((name) => name !== '-' && name !== '-rf')) {
    t.notOk(existsSync(join(arena.spool, 'responses', name)), JSON.stringify(name))
  }
  t.strictSame(readdirSync(join(arena.spool, 'requests', 'a b')), ['x.json'], 'nothing was touched')
  await arena.unharmed(t)
})

t.test('folders that come and go while they are looked at', async (t) => {
  for (let i = 0; i < 300; i++) {
    const evil = arena.agent(`gone-${i % 7}`)
    const stem = evil.submit('GET', '/v1/hub-info')
    renameSync(evil.requests, join(arena.spool, `taken-away-${i}`))
    if (i % 3 === 0) rmIfEmpty(evil.responses)
    if (i % 50 === 0) await arena.agent('visitor').ask('GET', '/v1/hub-info')
    t.ok(stem.length > 0)
  }
  await arena.unharmed(t)
})

function rmIfEmpty(path: string): void {
  try {
    rmdirSync(path)
  } catch {
    // It holds answers, or is not there.
  }
}

t.test('all the time the others were served', (t) => arena.leave(t))

t.test("the host's own folders", async (t) => {
  const arena = await Arena.enter(t, { bystander: false })
  for (const name of ['requests', 'responses', 'archive']) {
    t.test(`a link in place of ${name}/ is moved aside, and the hub goes on`, async (t) => {
      renameSync(join(arena.spool, name), join(arena.spool, `${name}.was`))
      symlinkSync(arena.outside, join(arena.spool, name))
      await arena.logs(new RegExp(`${name} was a link or no folder`))
      t.ok(readdirSync(arena.spool).some((file) => file.startsWith('.refused-') && file.endsWith(name)))
      t.equal((await arena.agent('evil').ask('GET', '/v1/hub-info')).status, 200)
      await arena.unharmed(t)
    })
  }

  t.test('what stands in place of host.json is replaced', async (t) => {
    const places: Record<string, (path: string, outside: string) => void> = {
      link: (path, outside) => symlinkSync(join(outside, 'secret.json'), path),
      folder: (path) => mkdirSync(join(path, 'full'), { recursive: true }),
      rubbish: (path) => writeFileSync(path, '{"state":'),
      giant: (path) => {
        writeFileSync(path, '')
        truncateSync(path, 2 ** 30)
      },
      'a host to come': (path) =>
        writeFileSync(path, JSON.stringify({ state: 'x', host_name: 'y', pid: 1, seen_at_ms: 9e15 })),
      ...(onLinux ? {} : { fifo: (path) => execFileSync('mkfifo', [path]) }),
    }
    const path = join(arena.spool, 'host.json')
    for (const [what, put] of Object.entries(places)) {
      renameSync(path, `${path}.before-${what}`)
      put(path, arena.outside)
      lutimesSync(path, LONG_AGO, LONG_AGO) // what is new might be another host that is just starting
      await until(`${what} to be replaced`, () => isHostFile(path))
      t.pass(`${what} was replaced`)
    }
    t.equal((await arena.agent('evil').ask('GET', '/v1/hub-info')).status, 200)
    await arena.unharmed(t)
  })
})

function isHostFile(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  return stats?.isFile() === true && stats.size < 1_000 && /"state":"mh1-/.test(readFileSync(path, 'utf8'))
}

t.test('a hub starts on a spool whose own folders are links or files', async (t) => {
  const arena = await Arena.enter(t, {
    before: (spool, outside) => {
      symlinkSync(outside, join(spool, 'requests'))
      writeFileSync(join(spool, 'responses'), 'a file')
      symlinkSync(outside, join(spool, 'archive'))
    },
  })
  for (const name of ['requests', 'responses', 'archive']) {
    await arena.logs(new RegExp(`${name} was a link or no folder`))
  }
  await arena.leave(t)
})

t.test(`a hub starts on a spool with ${FOLDERS} folders, and serves the last of them`, async (t) => {
  const arena = await Arena.enter(t, {
    before: (spool) => {
      for (let i = 0; i < FOLDERS; i++) mkdirSync(join(spool, 'requests', `agent-${i}`), { recursive: true })
    },
  })
  t.equal((await arena.agent(`agent-${FOLDERS - 1}`).ask('GET', '/v1/hub-info')).status, 200)
  await arena.leave(t, FIRST_SCAN_MS)
})

t.test('a hub that may not enter, list or write a folder serves the others', { skip: asRoot }, async (t) => {
  const storage = ownFolder(t)
  chmodSync(storage, 0o777)
  const arena = await Arena.enter(t, {
    uid: NOBODY,
    hubArgs: ['--storage', join(storage, 'arc.sqlite3')],
    before: (spool) => {
      for (const folder of [join(spool, '..'), spool]) chmodSync(folder, 0o777)
      const bystander = join(spool, 'requests', 'bystander')
      mkdirSync(bystander, { recursive: true })
      for (const folder of [join(spool, 'requests'), bystander]) chownSync(folder, NOBODY, NOBODY)
    },
  })
  const closed = arena.agent('closed')
  closed.submit('GET', '/v1/hub-info')
  chmodSync(closed.requests, 0o000) // the request in it may have been taken just before
  await arena.logs(/requests\/closed: .*(EACCES|permission denied)/)

  const unwritable = arena.agent('unwritable')
  chmodSync(unwritable.requests, 0o755)
  const stem = unwritable.submit('GET', '/v1/hub-info')
  await arena.logs(/requests\/unwritable: .*(EACCES|permission denied)/)
  t.notOk(unwritable.hasResponse(stem))

  const silent = arena.agent('silent')
  chownSync(silent.requests, NOBODY, NOBODY)
  mkdirSync(silent.responses)
  const kept = silent.say('kept')
  await arena.logs(/responses\/silent can't be written/)

  chmodSync(closed.requests, 0o777)
  chmodSync(unwritable.requests, 0o777)
  chmodSync(silent.responses, 0o777)
  t.equal((await unwritable.response(stem)).status, 200, 'once it may, it does')
  t.equal((await silent.response(kept)).status, 201)
  await until('the closed one to be served', () => closed.listing().every((name) => name.endsWith('.work')))
  await arena.leave(t)
})

t.test('a spool that is a link is not served, and the hub says why', async (t) => {
  const folder = ownFolder(t)
  mkdirSync(join(folder, 'real'))
  symlinkSync('real', join(folder, 'spool'))
  const args = ['--port', '0', '--storage', join(folder, 'a.sqlite3'), '--spool-dir', join(folder, 'spool')]
  await t.rejects(startHubProcess(t, args), /spool.*link or no folder.*--spool-dir/)
  t.strictSame(readdirSync(join(folder, 'real')), [])
})
