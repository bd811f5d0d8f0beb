// Where a room lies (PROTOCOL §11): a new one in `.arc/`, which git ignores. A room beside the project's files, as the
// reference hub and earlier versions keep it, goes on there.

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { PID_FILE } from '../../src/sdk/pid-file.js'
import { call, json, jsonLines, Place, statusOf } from '../support/arc-process.js'
import { startTestHub } from '../support/hub.js'
import { until } from '../support/waiting.js'

t.jobs = 2

const NEW_ROOM = ['.arc.log', '.arc.pid', '.gitignore', 'arc.sqlite3', 'arc.sqlite3-shm', 'arc.sqlite3-wal']
const FREE_PORT = ['--port', '0']

const git = (cwd: string, ...args: string[]) => execFileSync('git', args, { cwd, encoding: 'utf8' })

/** A storage and a pid file beside the project's files, of a hub that has stopped. */
async function formerRoom(place: Place): Promise<void> {
  await place.ensure([...FREE_PORT, '--storage', 'arc.sqlite3'])
  await place.arc(['post', '--agent', 'old', 'said before'])
  await place.arc(['stop'])
}

t.test('git finds nothing to add after ensure, a post, the smoke run by files, and stop', async (t) => {
  const place = new Place(t)
  git(place.folder, 'init', '-q')
  await place.ensure()
  t.equal(git(place.folder, 'status', '--porcelain'), '')
  await place.arc(['post', '--agent', 'me', 'hello'])
  t.equal((await place.arc(['smoke'])).status, 0)
  t.equal(git(place.folder, 'status', '--porcelain'), '')
  await place.arc(['stop'])
  t.equal(git(place.folder, 'status', '--porcelain', '--ignored'), '!! .arc-relay/\n!! .arc/\n')
})

t.test('git finds nothing to add after a hub in the foreground and a relay of its own', async (t) => {
  const place = new Place(t)
  git(place.folder, 'init', '-q')
  await place.start([...FREE_PORT, '--no-relay']).says('listening')
  t.strictSame(readdirSync(place.folder).sort(), ['.arc', '.git'])
  await place.start(['relay']).says('serves')
  t.equal(git(place.folder, 'status', '--porcelain'), '')
})

t.test('in a folder of a git work tree the room above goes on', async (t) => {
  const place = new Place(t)
  git(place.folder, 'init', '-q')
  await place.ensure(FREE_PORT)
  await place.arc(['post', '--agent', 'me', 'said at the top'])
  await place.arc(['stop'])
  const cwd = join(place.folder, 'src', 'deep')
  mkdirSync(cwd, { recursive: true })
  await place.ensure(FREE_PORT, { cwd })
  t.match((await place.arc(['poll', '--agent', 'you', '--all'], { cwd })).stdout, /said at the top/)
  await place.arc(['stop'], { cwd })
  t.strictSame(readdirSync(place.folder).sort(), ['.arc', '.arc-relay', '.git', 'src'])
  t.strictSame(readdirSync(cwd), [])
})

t.test('a room above the git work tree is another’s, and one of the folder itself comes first', async (t) => {
  const place = new Place(t)
  await place.ensure(FREE_PORT)
  await place.arc(['stop'])
  const project = join(place.folder, 'project')
  const part = join(project, 'part')
  mkdirSync(part, { recursive: true })
  git(project, 'init', '-q')
  const roomsAfter = async (cwd: string) => {
    await place.ensure(FREE_PORT, { cwd })
    await place.arc(['stop'], { cwd })
    return [project, part].filter((folder) => existsSync(join(folder, '.arc')))
  }
  t.strictSame(await roomsAfter(part), [part])
  t.strictSame(await roomsAfter(project), [project, part])
  const newest = (folder: string) => lstatSync(join(folder, '.arc', '.arc.log')).mtimeMs
  await roomsAfter(part)
  t.ok(newest(part) > newest(project))
})

t.test('a new room lies in .arc, for its owner alone', async (t) => {
  const place = new Place(t)
  await place.ensure(FREE_PORT, { prefix: ['sh', '-c', 'umask 0; exec "$@"', 'sh'] })
  t.strictSame(readdirSync(place.folder).sort(), ['.arc', '.arc-relay'])
  t.strictSame(readdirSync(place.path('.arc')).sort(), NEW_ROOM)
  const mode = (path: string) => (lstatSync(path).mode & 0o777).toString(8)
  t.equal(mode(place.path('.arc')), '700')
  for (const name of NEW_ROOM) t.equal(mode(place.path('.arc', name)), '600', name)
})

t.test('what stands in place of .arc/.gitignore is left alone', async (t) => {
  const place = new Place(t)
  writeFileSync(place.room('.gitignore'), 'mine')
  await place.ensure()
  t.equal(readFileSync(place.room('.gitignore'), 'utf8'), 'mine')
})

t.test('a link in place of .arc/.gitignore is not written through', async (t) => {
  const place = new Place(t)
  symlinkSync('../precious', place.room('.gitignore'))
  await place.ensure()
  t.notOk(existsSync(place.path('precious')))
})

t.test(
  'a room beside the project’s files is found and used: by ensure, SDK, logs, stop and reset',
  async (t) => {
    const place = new Place(t)
    await formerRoom(place)
    await place.ensure()
    t.notOk(existsSync(place.path('.arc')), 'there is no new room')
    const below = { cwd: place.below('src') }
    t.match(jsonLines(await place.arc(['poll', '--agent', 'me', '--since-id', '0'], below)), [
      { body: 'said before' },
    ])
    t.match(json(await place.arc(['status'], below)), {
      storage_path: place.path('arc.sqlite3'),
      pid_file: place.path('.arc.pid'),
      log_file: place.path('.arc.log'),
    })
    t.equal((await place.arc(['logs'])).status, 0)
    t.match(json(await place.arc(['stop'])), { stopped: true })
    t.strictSame(json(await place.arc(['reset'])), { reset: true, removed: [place.path('arc.sqlite3')] })
    await place.ensure()
    t.ok(existsSync(place.path('.arc', 'arc.sqlite3')), 'after a reset the room is a new one')
  },
)

t.test('of two rooms in one folder, the one in .arc is meant', async (t) => {
  const place = new Place(t)
  await place.ensure()
  await place.arc(['stop'])
  writeFileSync(place.path('arc.sqlite3'), '')
  const { url } = await place.ensure()
  t.match(json(await place.arc(['status'])), { url, storage_path: place.path('.arc', 'arc.sqlite3') })
  const other = await place.ensure([...FREE_PORT, '--storage', 'arc.sqlite3'])
  t.match(json(await place.arc(['status'])), { url })
  t.match(json(await place.arc(['status', '--storage', 'arc.sqlite3'])), { url: other.url })
})

t.test('a pid file in .arc that others may have put there is not believed', async (t) => {
  const place = new Place(t)
  const hub = await startTestHub(t)
  const file = place.room(PID_FILE)
  const write = () => writeFileSync(file, JSON.stringify({ pid: process.pid, port: hub.port, url: hub.url }))
  write()
  t.match(json(await place.arc(['status'])), { url: hub.url }, 'as it is, it is believed')
  const isNotBelieved = async (reason: string) => {
    const done = await place.arc(['open', '--print'])
    t.match(done.stderr, `${file} is not believed: ${reason}`)
    t.notMatch(done.stdout, hub.url)
  }
  chmodSync(place.path('.arc'), 0o777)
  await isNotBelieved('other users may put files into its folder')
  chmodSync(place.path('.arc'), 0o700)
  chmodSync(file, 0o666)
  await isNotBelieved('other users may write it')
  chmodSync(file, 0o600)
  git(place.folder, 'init', '-q')
  git(place.folder, 'add', '.arc')
  await isNotBelieved('git tracks it')
})

t.test('a link in place of .arc in a folder above leads to no hub', async (t) => {
  const place = new Place(t)
  const elsewhere = await place.ensure(FREE_PORT, { cwd: place.below('elsewhere') })
  symlinkSync(place.path('elsewhere', '.arc'), place.path('.arc'))
  const done = await place.arc(['open', '--print'], { cwd: place.below('project') })
  t.match(
    done.stderr,
    `${place.path('.arc', PID_FILE)} is not believed: the folder that it lies in is a symbolic`,
  )
  t.notMatch(done.stdout, elsewhere.url)
})

t.test('what was acknowledged is saved though the whole of .arc was deleted', async (t) => {
  const place = new Place(t)
  const { url } = await place.ensure()
  await call(url, '/v1/messages', { from_agent: 'a', body: 'to be kept' })
  rmSync(place.path('.arc'), { recursive: true })
  const problem = await until(
    'the hub to notice',
    async () => (await statusOf(url)).storage_problem ?? undefined,
  )
  t.match(problem, `All that was acknowledged is in ${place.path('.arc', 'arc.sqlite3.rescued-')}`)
  t.equal(readFileSync(place.path('.arc', '.gitignore'), 'utf8'), '*\n')
})

t.test('a link in place of the spool’s .gitignore is not written through', async (t) => {
  const place = new Place(t)
  mkdirSync(place.path('.arc-relay'))
  symlinkSync('../precious', join(place.path('.arc-relay'), '.gitignore'))
  await place.ensure()
  t.notOk(existsSync(place.path('precious')))
  t.equal((await place.arc(['smoke'])).status, 0)
})
