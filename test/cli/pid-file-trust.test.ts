// Which pid files commands believe (SECURITY.md): one that somebody else may have written leads nobody to that
// somebody's server. A command says on standard error what it did not believe, why, and what to do, and goes on as
// if the file were not there. In each test a stranger's server stands at the address in the file; one hub, which
// is named by a file further up, is where the command gets instead.

import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, renameSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { urlHost } from '../../src/protocol/address.js'
import { judgePidFile, writePidFile } from '../../src/sdk/pid-file.js'
import { json, Place } from '../support/arc-process.js'
import { type FalseHub, startFalseHub } from '../support/false-hub.js'
import { startTestHub } from '../support/hub.js'

t.jobs = 2

const SOMEBODY = 12_345
const isRoot = process.geteuid?.() === 0
const asRoot = { skip: !isRoot && 'only root can make files of another user' }

const place = new Place(t)
const own = await startTestHub(t, { storagePath: place.path('arc.sqlite3') })
writePidFile(place.path('.arc.pid'), { pid: process.pid, port: own.port, url: own.url })
let scenes = 0

interface Scene {
  /** The folder that the commands run in, with a pid file of the stranger. */
  readonly folder: string
  readonly file: string
  readonly stranger: FalseHub
}

async function scene(t: Test): Promise<Scene> {
  const folder = place.below(`project-${++scenes}`)
  const storage_path = join(folder, 'arc.sqlite3')
  const lies = { pid: 1, started_at: new Date().toISOString(), instance_id: 'mh1-0', storage_path }
  const stranger = await startFalseHub(t, lies)
  const file = join(folder, '.arc.pid')
  writePidFile(file, { pid: 1, port: stranger.port, url: stranger.url })
  return { folder, file, stranger }
}

/** A command gets to the own hub, nobody asks the stranger anything, and the file is said not to be believed. */
async function isNotBelieved(t: Test, { folder, file, stranger }: Scene, reason: string | RegExp) {
  const done = await place.arc(['status'], { cwd: folder })
  t.match(json(done), { running: true, url: own.url })
  t.strictSame(stranger.asked, [])
  t.match(done.stderr, /^arc: [^\n]+\n$/, 'one line')
  t.match(done.stderr, `arc: ${file} is not believed: `)
  t.match(done.stderr, reason)
  t.match(done.stderr, /; if you trust it: name its hub with --port\n$/)
}

const git = (folder: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  })

t.test('a pid file that is the reader’s own is believed', async (t) => {
  const { folder, stranger } = await scene(t)
  const done = await place.arc(['status'], { cwd: folder })
  t.match(json(done), { running: true, url: stranger.url })
  t.equal(done.stderr, '')
})

t.test('a pid file of another user is not believed', asRoot, async (t) => {
  const at = await scene(t)
  chownSync(at.file, SOMEBODY, SOMEBODY)
  await isNotBelieved(t, at, `it belongs to another user (uid ${SOMEBODY})`)
})

t.test('a pid file that everybody may write is not believed', async (t) => {
  const at = await scene(t)
  chmodSync(at.file, 0o666)
  await isNotBelieved(t, at, `other users may write it; if it is yours: chmod go-w ${at.file}`)
})

t.test('a pid file that another group may write is not believed', asRoot, async (t) => {
  const at = await scene(t)
  chownSync(at.file, 0, SOMEBODY)
  chmodSync(at.file, 0o664)
  await isNotBelieved(t, at, 'other users may write it')
})

t.test('a pid file that the reader’s own group may write is believed', async (t) => {
  const { folder, file, stranger } = await scene(t)
  chmodSync(file, 0o664)
  chmodSync(folder, 0o775)
  t.match(json(await place.arc(['status'], { cwd: folder })), { url: stranger.url })
})

t.test('a pid file in a folder of another user is not believed', asRoot, async (t) => {
  const at = await scene(t)
  chownSync(at.folder, SOMEBODY, SOMEBODY)
  await isNotBelieved(t, at, `its folder belongs to another user (uid ${SOMEBODY})`)
})

t.test('a pid file in a folder that everybody may write is not believed', async (t) => {
  const at = await scene(t)
  chmodSync(at.folder, 0o777)
  await isNotBelieved(
    t,
    at,
    `other users may put files into its folder; if the folder is yours: chmod go-w ${at.folder}`,
  )
})

t.test(
  'the reader’s own pid file in a folder like /tmp, where nobody removes another’s file, is believed',
  async (t) => {
    const { folder, stranger } = await scene(t)
    chmodSync(folder, 0o1777)
    t.match(json(await place.arc(['status'], { cwd: folder })), { url: stranger.url })
  },
)

t.test('a pid file that is a symbolic link is not believed', async (t) => {
  const at = await scene(t)
  renameSync(at.file, join(at.folder, 'elsewhere'))
  symlinkSync('elsewhere', at.file)
  await isNotBelieved(t, at, 'it is a symbolic link')
})

t.test('a pid file that is a pipe keeps no command waiting', async (t) => {
  const at = await scene(t)
  renameSync(at.file, join(at.folder, 'elsewhere'))
  execFileSync('mkfifo', [at.file])
  await isNotBelieved(t, at, 'it is not a regular file')
})

t.test('a pid file that leads beyond the loopback is not believed', async (t) => {
  const at = await scene(t)
  writePidFile(at.file, { pid: 1, port: 6969, url: 'http://192.0.2.1:6969' })
  await isNotBelieved(t, at, 'it names http://192.0.2.1:6969, which is beyond the loopback of this machine')
})

t.test('a pid file that leads beyond the loopback is believed where that host is asked for', async (t) => {
  const { file } = await scene(t)
  const content = { pid: 1, port: 6969, url: 'http://192.0.2.1:6969' }
  writePidFile(file, content)
  t.match(judgePidFile(file, '192.0.2.1'), content)
  t.match(judgePidFile(file, '192.0.2.2'), { reason: /beyond the loopback/ })
})

for (const [url, port] of [
  ['http://127.0.0.1:1', 2],
  ['https://127.0.0.1:1', 1],
  ['http://me@127.0.0.1:1', 1],
  ['nonsense', 1],
] as const) {
  t.test(`a pid file with the port ${port} and the address ${url} is not believed`, async (t) => {
    const at = await scene(t)
    writePidFile(at.file, { pid: 1, port, url })
    await isNotBelieved(t, at, `its address, "${url}", is not one of a hub at its port, ${port}`)
  })
}

t.test('a pid file that came with a cloned repository is not believed', async (t) => {
  const at = await scene(t)
  const origin = place.below('origin')
  mkdirSync(join(origin, 'sub'))
  renameSync(at.file, join(origin, 'sub', '.arc.pid'))
  git(origin, 'init', '-q')
  git(origin, 'add', '.')
  git(origin, 'commit', '-qm', 'x')
  git(place.folder, 'clone', '-q', origin, 'clone')
  const file = place.path('clone', 'sub', '.arc.pid')
  chmodSync(file, 0o600)
  const reason = `git tracks it, so whoever made the repository has written it; if it is yours: git rm --cached ${file}`
  await isNotBelieved(t, { ...at, folder: dirname(file), file }, reason)
})

t.test('a pid file in a repository that does not track it is believed', async (t) => {
  const { folder, stranger } = await scene(t)
  git(folder, 'init', '-q')
  git(folder, 'commit', '-q', '--allow-empty', '-m', 'x')
  t.match(json(await place.arc(['status'], { cwd: folder })), { url: stranger.url })
})

for (const command of [['whoami'], ['post', 'hello'], ['poll', '--timeout', '0']]) {
  t.test(`${command[0]} goes to the hub further up, and says how to name the other`, async (t) => {
    const { folder, file, stranger } = await scene(t)
    chmodSync(file, 0o666)
    const done = await place.arc([...command, '--agent', 'me'], { cwd: folder })
    t.equal(done.status, 0)
    t.strictSame(stranger.asked, [])
    t.match(
      done.stderr,
      /not believed: [^\n]*; if you trust it: name its hub with --port, --base-url or ARC_BASE_URL\n$/,
    )
    const { result } = (await (await fetch(`${own.url}/v1/agents`)).json()) as {
      result: { agent_id: string }[]
    }
    t.match(result, [{ agent_id: 'me' }])
  })
}

t.test('smoke, open, logs, stop, reset and ensure say that a file is not believed', async (t) => {
  const { folder, file, stranger } = await scene(t)
  chmodSync(file, 0o666)
  for (const command of [
    ['smoke', '--transports', 'x'],
    ['open', '--print'],
    ['logs'],
    ['ensure'],
    ['stop'],
    ['reset'],
  ]) {
    const { stderr } = await place.arc(command, { cwd: folder })
    if (command[0] !== 'smoke') t.match(stderr, `${file} is not believed`, command.join(' '))
  }
  t.strictSame(stranger.asked, [])
})

t.test('the stranger’s hub is reached when it is named', async (t) => {
  const { folder, file, stranger } = await scene(t)
  chmodSync(file, 0o666)
  for (const [args, env] of [
    [['--base-url', stranger.url], {}],
    [[], { ARC_BASE_URL: stranger.url }],
  ] as const) {
    const done = await place.arc(['whoami', '--agent', 'me', ...args], { cwd: folder, env })
    t.equal(done.stderr.includes('not believed'), false)
    t.ok(stranger.asked.length > 0)
  }
  const done = await place.arc(['status', '--port', `${stranger.port}`], { cwd: folder })
  t.match(json(done), { url: stranger.url })
})

t.test('urlHost writes an address as a URL does, and "all addresses" as the loopback', async (t) => {
  const written = ['0.0.0.0', '::', '::1', '[::1]', '0:0:0:0:0:0:0:1', 'LocalHost', '127.1'].map(urlHost)
  t.strictSame(written, ['127.0.0.1', '[::1]', '[::1]', '[::1]', '[::1]', 'localhost', '127.0.0.1'])
})
