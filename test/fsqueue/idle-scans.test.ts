// What scans of an idle spool do: their work does not grow with the number of queues where a watch is possible, and they
// read no unchanged folder where none is. The next scan still finds a request in any queue.

import { mkdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Complaints } from '../../src/fsqueue/complaints.js'
import { FilePool } from '../../src/fsqueue/pool.js'
import type { Scanned } from '../../src/fsqueue/scan.js'
import { type Found, Scanner } from '../../src/fsqueue/scanner.js'
import { SpoolWatch } from '../../src/fsqueue/watch.js'
import { ownFolder } from '../support/folder.js'
import { until } from '../support/waiting.js'

const QUEUES = 40
const FAST_MS = 20
const LINUX = { skip: process.platform === 'linux' ? false : 'elsewhere each scan reads each folder' }

type Watching = 'all' | 'some' | 'none'

/** Scans a spool of many queues at short intervals, and counts what the scans do. */
async function scanning(t: Test, watching: Watching) {
  const spool = ownFolder(t)
  for (let i = 0; i < QUEUES; i++) mkdirSync(join(spool, 'requests', `q-${i}`), { recursive: true })
  const pool = new FilePool()
  const scans: Scanned[] = []
  const pending: string[] = []
  const counting = {
    threads: pool.threads,
    run: async (...args: Parameters<FilePool['run']>) => {
      const scanned = await pool.run(...args)
      scans.push(scanned as unknown as Scanned)
      return scanned
    },
  } as FilePool
  const maxQueues = watching === 'some' ? QUEUES / 2 : QUEUES
  const complaints = new Complaints(() => {})
  const scanner = new Scanner({
    spool,
    state: 'state',
    idleScanMs: FAST_MS,
    log: () => {},
    pool: counting,
    watch: watching === 'none' ? undefined : new SpoolWatch(spool, () => {}, maxQueues),
    complaints,
    queueComplaints: complaints,
    workedAt: () => 0,
    takenAt: () => 0,
    onFound: (seen: Found) => pending.push(...seen.pending),
  })
  scanner.start()
  t.teardown(async () => {
    scanner.stop()
    await pool.close()
  })
  const submit = (queue: string) => writeFileSync(join(spool, 'requests', queue, 'request.json'), '{}')
  const found = (queue: string) => until(`the request in ${queue}`, () => pending.includes(queue))
  /** The next scans, so many. */
  const next = async (count: number) => {
    const from = scans.length + 1 // one may be under way
    await until(`${count} scans`, () => scans.length >= from + count)
    return scans.slice(from, from + count)
  }
  return { spool, scans, submit, found, next }
}

const read = (scan: Scanned | undefined) => scan?.queues?.effort.read ?? 0
const looked = (scan: Scanned | undefined) => scan?.queues?.effort.looked ?? 0

t.test('scans of an idle spool leave all queues alone while a watch is silent', LINUX, async (t) => {
  const { scans, submit, found, next } = await scanning(t, 'all')
  await until('scans that look at nothing', () => scans.length > 0 && looked(scans.at(-1)) === 0)
  const idle = await next(20)
  t.strictSame(
    idle.map(looked),
    idle.map(() => 0),
  )
  submit('q-39')
  await found('q-39')
  t.ok(
    (await next(3)).every((scan) => looked(scan) > 0),
    'while a request waits, each scan looks',
  )
})

for (const watching of ['some', 'none'] as const) {
  t.test(`scans read no unchanged folder where ${watching} can be watched`, LINUX, async (t) => {
    const { scans, submit, found, next } = await scanning(t, watching)
    await until('scans that read nothing', () => scans.length > 0 && read(scans.at(-1)) === 0)
    const idle = await next(5)
    t.ok(
      idle.every((scan) => looked(scan) === QUEUES),
      'they look at each queue',
    )
    t.strictSame(
      idle.map(read),
      idle.map(() => 0),
    )
    submit('q-0')
    await found('q-0')
    submit('q-39')
    await found('q-39')
    for (const scan of await next(3)) t.ok(read(scan) <= 2, 'only the folders that have changed are read')
  })
}

t.test('a request is found in a folder whose times were set back', LINUX, async (t) => {
  const { spool, scans, submit, found } = await scanning(t, 'none')
  await until('scans that read nothing', () => scans.length > 0 && read(scans.at(-1)) === 0)
  submit('q-7')
  utimesSync(join(spool, 'requests', 'q-7'), 0, 0)
  await found('q-7')
})

t.test('a spool that is replaced is looked over again', LINUX, async (t) => {
  const { spool, scans, found, submit } = await scanning(t, 'all')
  await until('scans that look at nothing', () => scans.length > 0 && looked(scans.at(-1)) === 0)
  renameSync(join(spool, 'requests'), join(spool, 'away'))
  mkdirSync(join(spool, 'requests', 'new'), { recursive: true })
  submit('new')
  await found('new')
})
