// A hub that cannot start says why and what to do, exits 1 before long, and leaves no process, no pid file,
// and the files that it could not use as they were.

import { cpSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import SqliteDatabase from 'better-sqlite3'
import t, { type Test } from 'tap'
import { json, Place } from '../support/arc-process.js'
import { steadyPort } from '../support/ports.js'

t.jobs = 2

/** Longer than the 3 s that a silent server is given. */
const PROMPT_MS = 15_000
const NEEDS_PROC = { skip: existsSync('/proc/self') ? false : 'needs /proc' }

async function listen(t: Test, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise((resolve) => server.close(resolve)))
  return (server.address() as AddressInfo).port
}

const foreignProgram = (t: Test) =>
  listen(
    t,
    createHttpServer((_request, response) => response.end('<h1>Hello</h1>')),
  )

function silentProgram(t: Test): Promise<number> {
  return listen(
    t,
    createServer((socket) => socket.on('error', () => {}).resume()),
  )
}

interface Refused {
  port: number
  storage?: string
  reason: RegExp
}

/** Both `arc ensure` and the hub in the foreground refuse to start. */
async function refusesToStart(t: Test, place: Place, { port, storage, reason }: Refused): Promise<void> {
  const options = ['--port', `${port}`, ...(storage === undefined ? [] : ['--storage', storage])]
  const background = await place.arc(['ensure', ...options])
  t.equal(background.status, 1)
  const printed = json<{ error: string }>(background)
  const url = `http://127.0.0.1:${port}`
  t.strictSame(printed, { running: false, started: false, url, error: printed.error })
  t.match(printed.error, reason)
  t.notMatch(printed.error, /\n/, 'one line, no stack')

  const foreground = await place.arc(options)
  t.equal(foreground.status, 1)
  t.equal(foreground.stdout, '')
  t.match(foreground.stderr.trimEnd().split('\n').at(-1), /^arc error: \S/)
  t.ok(background.elapsedMs + foreground.elapsedMs < PROMPT_MS)
  t.strictSame(place.processes(), [], 'no process is left')
  t.notOk(existsSync(place.room('.arc.pid')))
}

t.test('a port that a foreign HTTP server has', async (t) => {
  const port = await foreignProgram(t)
  const reason =
    /what listens at .* is not an Arc hub: .*; stop that program, or choose another port: arc ensure --port 0/
  await refusesToStart(t, new Place(t), { port, reason })
})

t.test('a port that a program has which never answers', async (t) => {
  const port = await silentProgram(t)
  const reason = /is not an Arc hub: no answer within .*choose another port: arc ensure --port 0/
  await refusesToStart(t, new Place(t), { port, reason })
})

t.test('stop and status at the port of a foreign program say that no hub is there, and exit 1', async (t) => {
  const place = new Place(t)
  const port = await foreignProgram(t)
  const stop = await place.arc(['stop', '--port', `${port}`])
  t.match(json(stop), { stopped: false, error: /no running hub found/ })
  t.equal(stop.status, 1)
  const status = await place.arc(['status', '--port', `${port}`])
  t.match(json(status), { running: false, error: /is not an Arc hub/ })
  t.equal(status.status, 1)
})

t.test('a storage folder that lies below a regular file', async (t) => {
  const place = new Place(t)
  writeFileSync(place.path('plain.txt'), 'mine')
  const storage = 'plain.txt/arc.sqlite3'
  await refusesToStart(t, place, { port: await steadyPort(), storage, reason: /plain\.txt.*--storage/ })
  t.equal(readFileSync(place.path('plain.txt'), 'utf8'), 'mine')
})

t.test('a storage folder in which not even root may make a file', NEEDS_PROC, async (t) => {
  const reason = /cannot write the log \/proc\/\.arc\.log .*--storage/
  await refusesToStart(t, new Place(t), { port: await steadyPort(), storage: '/proc/arc.sqlite3', reason })
})

t.test('a storage folder that not even root can make', NEEDS_PROC, async (t) => {
  const place = new Place(t)
  const done = await place.arc([
    'ensure',
    '--port',
    `${await steadyPort()}`,
    '--storage',
    '/proc/arc/arc.sqlite3',
  ])
  t.match(json(done), { running: false, error: /cannot write the log \/proc\/arc\/\.arc\.log/ })
  t.equal(done.status, 1)
  t.ok(done.elapsedMs < PROMPT_MS)
})

t.test('a directory as the storage path', async (t) => {
  const place = new Place(t)
  place.below('room.sqlite3')
  const reason = /room\.sqlite3 is a directory; give the path of a database file with --storage/
  await refusesToStart(t, place, { port: await steadyPort(), storage: 'room.sqlite3', reason })
})

t.test('a file that is no database', async (t) => {
  const place = new Place(t)
  const letter = 'Dear diary, '.repeat(1_000)
  writeFileSync(place.path('diary.txt'), letter)
  const reason = /diary\.txt .*not an SQLite database; move it away, or choose another with --storage/
  await refusesToStart(t, place, { port: await steadyPort(), storage: 'diary.txt', reason })
  t.equal(readFileSync(place.path('diary.txt'), 'utf8'), letter, 'the file is as it was')
})

t.test('a database whose second half is gone', async (t) => {
  const place = new Place(t)
  await place.ensure()
  await place.arc(['stop'])
  const half = place.path('half.sqlite3')
  cpSync(place.room('arc.sqlite3'), half)
  truncateSync(half, Math.floor(statSync(half).size / 2))
  const before = readFileSync(half)
  const reason = /half\.sqlite3 .*the file is damaged .*; move it away, or choose another with --storage/
  await refusesToStart(t, place, { port: await steadyPort(), storage: half, reason })
  t.ok(readFileSync(half).equals(before), 'the file is as it was')
})

t.test('a database of another program, whose table messages has other columns', async (t) => {
  const place = new Place(t)
  const path = place.path('mail.sqlite3')
  const mail = new SqliteDatabase(path)
  mail.exec(
    "CREATE TABLE messages (id INTEGER PRIMARY KEY, subject TEXT); INSERT INTO messages VALUES (1, 'hi')",
  )
  mail.close()
  const reason = /mail\.sqlite3 is not an Arc database: its table messages has .* id, subject, .*--storage/
  await refusesToStart(t, place, { port: await steadyPort(), storage: path, reason })
  const after = new SqliteDatabase(path)
  t.teardown(() => after.close())
  t.strictSame(
    after.prepare('SELECT name FROM sqlite_master').pluck().all(),
    ['messages'],
    'no table was added',
  )
  t.strictSame(after.prepare('SELECT subject FROM messages').pluck().all(), ['hi'])
})

t.test('a hub that is not ready within the timeout is ended', async (t) => {
  const place = new Place(t)
  const port = await steadyPort()
  const done = await place.arc(['ensure', '--port', `${port}`, '--timeout', '0.01'])
  t.match(json(done), {
    running: false,
    started: false,
    error: /was not ready within 0\.01 s; see .*\.arc\.log/,
  })
  t.equal(done.status, 1)
  t.strictSame(place.processes(), [])
})
