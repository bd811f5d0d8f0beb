// Who may read what hubs and clients create: their owner alone, whatever the umask, unless the spool was opened to others
// on purpose.

import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { QueueHost } from '../../src/fsqueue/host.js'
import { Submitter } from '../../src/fsqueue/submit.js'
import { ArcClient } from '../../src/sdk/index.js'
import { Place } from '../support/arc-process.js'
import { ownFolder } from '../support/folder.js'
import { until } from '../support/waiting.js'

const WINDOWS = { skip: process.platform === 'win32' ? 'Windows has no such modes' : false }

/** The modes of all entries under a folder: `f 600 name`. */
function modesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => {
    const stats = statSync(join(folder, name))
    return `${stats.isDirectory() ? 'd' : 'f'} ${(stats.mode & 0o777).toString(8)} ${name}`
  })
}

function umask(t: Test, mask: number): void {
  const before = process.umask(mask)
  t.teardown(() => process.umask(before))
}

/** All that becomes of requests in a spool: answered, withdrawn, given up, and set aside. */
async function useSpool(t: Test, spool: string): Promise<void> {
  const host = new QueueHost({
    spool,
    state: 'state',
    maxRequestBytes: 1_000,
    executor: async ({ file }) => ('text' in file ? file.text : file.problem),
    log: () => {},
    onFailure: (error) => t.fail(error.message),
  })
  const client = new Submitter(spool, 'client')
  host.start()
  client.submit('one', 'do this')
  await until('an answer', () => client.readResponse('one'))
  client.submit('one', 'once more')
  await until('a request set aside', () =>
    readdirSync(join(spool, 'archive'), { recursive: true }).some((name) => /-one\.json$/.test(String(name))),
  )
  client.abandon('one')
  await host.stop()
  client.submit('two', 'and this')
  client.withdraw('two')
}

t.test('what a host and a client create in a spool is open to their owner alone', WINDOWS, async (t) => {
  umask(t, 0)
  const spool = join(ownFolder(t), 'spool')
  mkdirSync(spool, 0o755)
  await useSpool(t, spool)
  const modes = modesIn(spool)
  t.ok(modes.length >= 14, `${modes.length} entries`)
  t.strictSame(
    modes.filter((mode) => !/^(d 700|f 600) /.test(mode)),
    [],
  )
})

for (const [who, mode, folders, files] of [
  ['its group', 0o770, 770, 660],
  ['everybody', 0o777, 777, 666],
] as const) {
  t.test(`a spool that ${who} may write is shared, whatever the umask`, WINDOWS, async (t) => {
    umask(t, 0o077)
    const spool = join(ownFolder(t), 'spool')
    mkdirSync(spool)
    chmodSync(spool, mode | 0o2000)
    await useSpool(t, spool)
    const pattern = new RegExp(`^(d ${folders}|f ${files}) `)
    t.strictSame(
      modesIn(spool).filter((mode) => !pattern.test(mode)),
      [],
    )
    t.equal(statSync(join(spool, 'requests', 'client')).mode & 0o2000, 0o2000, 'and its group is inherited')
  })
}

t.test('what a hub, its commands and an SDK create is open to their owner alone', WINDOWS, async (t) => {
  umask(t, 0)
  const place = new Place(t)
  const home = place.path('home')
  const storage = join(home, 'arc.sqlite3')
  const spoolDir = join(home, 'spool')
  await place.ensure(['--port', '0', '--storage', storage, '--spool-dir', spoolDir])
  const client = ArcClient.overRelay('client', { spoolDir })
  await client.post('hi')
  await client.close()
  const modes = modesIn(home)
  for (const name of ['arc.sqlite3', 'arc.sqlite3-wal', 'arc.sqlite3-shm', '.arc.log', '.arc.pid']) {
    t.ok(
      modes.some((mode) => mode.endsWith(` ${name}`)),
      `${name} is there`,
    )
  }
  t.ok(modes.some((mode) => /requests\/client\/.+\.work$/.test(mode)))
  t.strictSame(
    modes.filter((mode) => !/^(d 700|f 600) /.test(mode)),
    [],
  )
})
