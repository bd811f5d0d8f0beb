// The log of a hub: who may read it, what `arc logs` shows of one that was full, and that a hub lives on when its log
// can't be written.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { PROGRAM } from '../../src/package.js'
import { call, Place, type Running, statusOf } from '../support/arc-process.js'
import { LogWriter } from '../support/log-writer.js'
import { until } from '../support/waiting.js'

t.jobs = 2

t.test('the log of a hub in the background can be read by its user alone', async (t) => {
  const place = new Place(t)
  writeFileSync(place.room('.arc.log'), 'of an earlier version\n', { mode: 0o644 })
  await place.ensure()
  t.equal(statSync(place.room('.arc.log')).mode & 0o777, 0o600)
})

// What a program that logs here has logged, as `arc logs --json` shows it

const FULL = 64 * 1024
const LINES = { lines: 100, bytes: 200 }

function writerIn(t: Test, place: Place): LogWriter {
  const path = place.room('.arc.log')
  return new LogWriter(t, openSync(path, 'a'), [path, FULL])
}

const numbersIn = (text: string): number[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).number)

const countedTo = (count: number) => Array.from({ length: count }, (_, i) => i)

t.test('arc logs shows lines from before the log was full, too', async (t) => {
  const place = new Place(t)
  const writer = writerIn(t, place)
  while (!existsSync(place.room('.arc.log.1'))) await writer.log(LINES.lines, LINES.bytes)
  await writer.log(3)
  const all = numbersIn((await place.arc(['logs', '--json', '--lines', '100000'])).stdout)
  t.strictSame(all, countedTo(all.length))
  t.ok(all.length > FULL / (LINES.bytes + 100))
  const { stdout } = await place.arc(['logs', '--json', '--lines', '50'])
  t.strictSame(numbersIn(stdout), all.slice(-50))
})

t.test('arc logs -f shows every line once, however often the log gets full', async (t) => {
  const place = new Place(t)
  const writer = writerIn(t, place)
  await writer.log(1)
  const reader = place.start(['logs', '-f', '--json'], { hangMs: 120_000 })
  await until('the first line to be shown', () => numbersIn(wholeLines(reader)).length > 0)
  let logged = 1
  for (const sizes = new Set<number>(); sizes.size < 4; sizes.add(inodeOf(place.room('.arc.log.1')))) {
    await writer.log(LINES.lines, LINES.bytes)
    logged += LINES.lines
    await until('the lines to be shown', () => numbersIn(wholeLines(reader)).length >= logged)
  }
  t.strictSame(numbersIn(wholeLines(reader)), countedTo(logged))
})

t.test('arc logs -f waits for the second half of a line, and arc logs shows the first', async (t) => {
  const place = new Place(t)
  const log = (text: string) => appendFileSync(place.room('.arc.log'), text)
  mkdirSync(place.room(''), { recursive: true })
  log('{"number":0}\n{"num')
  t.match(await place.arc(['logs', '--json']), { stdout: '{"number":0}\n{"num\n' })
  const reader = place.start(['logs', '-f', '--json'], { hangMs: 120_000 })
  await until('the first line to be shown', () => wholeLines(reader) !== '')
  for (const text of ['ber":1}\n{"number":2}\n', '{"number', '":3}\n{"text":"ä\u2028', 'b"}\n{']) {
    log(text)
    await setTimeout(200)
  }
  await until('the last line to be shown', () => wholeLines(reader).includes('b"}'))
  t.equal(reader.stdout, '{"number":0}\n{"number":1}\n{"number":2}\n{"number":3}\n{"text":"ä\u2028b"}\n')
})

t.test('arc logs -f goes on with a log that was emptied', async (t) => {
  const place = new Place(t)
  const log = place.room('.arc.log')
  mkdirSync(place.room(''), { recursive: true })
  writeFileSync(log, `{"text":"${'long '.repeat(100)}"}\n{"text":"before"}\n`)
  const reader = place.start(['logs', '-f', '--json', '--lines', '1'], { hangMs: 120_000 })
  await until('the first line', () => wholeLines(reader).includes('before'))
  writeFileSync(log, '')
  appendFileSync(log, '{"text":"after"}\n')
  await until('the line after it', () => wholeLines(reader).includes('after'))
  appendFileSync(log, 'null\n{"text":"last"}\n')
  await until('the last line', () => wholeLines(reader).includes('last'))
  t.equal(reader.stdout, '{"text":"before"}\n{"text":"after"}\nnull\n{"text":"last"}\n')
  t.match(await place.arc(['logs', '--no-json']), { status: 0, stdout: /^\{"text":"after"\}\nnull\n/ })
})

t.test('arc logs shows as many whole lines as it is asked for', async (t) => {
  const place = new Place(t)
  mkdirSync(place.room(''), { recursive: true })
  const lines = Array.from(
    { length: 30_000 },
    (_, i) => `${JSON.stringify({ number: i, text: 'ä'.repeat(30) })}\n`,
  )
  writeFileSync(place.room('.arc.log.1'), lines.slice(0, 1_000).join(''))
  writeFileSync(place.room('.arc.log'), lines.slice(1_000).join(''))
  for (const count of [1, 20_000, 29_500, 40_000]) {
    const { stdout } = await place.arc(['logs', '--json', '--lines', `${count}`])
    t.ok(stdout === lines.slice(-count).join(''), `${count}`)
  }
})

const wholeLines = ({ stdout }: Running) => stdout.slice(0, stdout.lastIndexOf('\n') + 1)
const inodeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.ino ?? 0

// Hubs whose log can't be written

/** A hub in the foreground, by a command line of the shell's, in which `arc` stands for it. */
function hubBy(t: Test, place: Place, commandLine: string): ReturnType<typeof spawn> {
  const env = { PATH: process.env.PATH ?? '', HOME: place.folder }
  const arc = `'${process.execPath}' '${PROGRAM}' --port 0 --spool-dir spool`
  const shell = spawn('bash', ['-c', commandLine.replace('arc', arc)], { cwd: place.folder, env })
  t.teardown(() => shell.kill('SIGKILL'))
  return shell
}

/** Gives the hub something to log: a thing in its spool that is no queue. */
async function annoy(place: Place, url: string, times: number): Promise<void> {
  const { pid } = await statusOf(url)
  for (let i = 0; i < times; i++) {
    symlinkSync('/nowhere', place.path('spool', 'requests', `${pid}-${i}`))
    await until('it to be served', async () => (await call(url, '/v1/hub-info')) !== undefined)
  }
}

const isUp = (place: Place) => until('the hub', () => existsSync(place.room('.arc.pid')))

t.test('a hub lives on when the reader of its log has gone', async (t) => {
  const place = new Place(t)
  const shell = hubBy(t, place, 'arc 2>&1 | head -1; echo "status $PIPESTATUS"')
  if (!shell.stdout) throw new Error('no pipe')
  const lines: string[] = []
  createInterface({ input: shell.stdout }).on('line', (line) => lines.push(line))
  const ended = once(shell, 'close')
  await isUp(place)
  const { pid, url } = place.pidFile()
  await annoy(place, url, 3)
  process.kill(pid, 'SIGTERM')
  await ended
  t.match(lines, [/storage is/, 'status 0'])
})

t.test('a hub ends although the reader of its log has stopped reading', async (t) => {
  const place = new Place(t)
  execFileSync('mkfifo', [place.path('pipe')])
  // Read by nobody, and full before the hub logs anything.
  const pipe = openSync(place.path('pipe'), constants.O_RDWR | constants.O_NONBLOCK)
  t.teardown(() => closeSync(pipe))
  t.throws(() => {
    for (;;) writeSync(pipe, Buffer.alloc(1024))
  }, /EAGAIN/)
  const shell = hubBy(t, place, 'exec arc 2>pipe')
  const ended = once(shell, 'close')
  await isUp(place)
  process.kill(place.pidFile().pid, 'SIGTERM')
  t.strictSame(await ended, [0, null])
})

t.test('a hub lives on when there is no room for its log', async (t) => {
  const place = new Place(t)
  const shell = hubBy(t, place, 'arc >/dev/full 2>&1')
  const ended = once(shell, 'close')
  await isUp(place)
  const { pid, url } = place.pidFile()
  await annoy(place, url, 3)
  process.kill(pid, 'SIGTERM')
  t.strictSame(await ended, [0, null])
})
