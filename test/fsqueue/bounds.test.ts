// What bounds a host of a spool, taken by itself: what it takes from a queue, what it says of it, whom it
// believes that the spool is served by somebody else.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Complaints, printable } from '../../src/fsqueue/complaints.js'
import { occupy } from '../../src/fsqueue/occupancy.js'
import { Queue } from '../../src/fsqueue/queue.js'
import { SafeFolder } from '../../src/fsqueue/safe-folder.js'
import { ownFolder } from '../support/folder.js'

/** A queue whose answers are known to be small, and that has something to be taken. */
function smallQueue(): Queue {
  const queue = new Queue('q')
  queue.mayHoldNew = true
  for (let i = 0; i < 50; i++) {
    const claim = queue.claimed(`before-${i}`, 100)
    queue.answering(claim, 100)
    queue.released(`before-${i}`)
  }
  return queue
}

t.test('a queue gives so many requests at once, and more as they are answered or wait', async (t) => {
  const queue = smallQueue()
  t.equal(queue.maxToTake, 64, 'in one go')
  const claims = Array.from({ length: 128 }, (_, i) => queue.claimed(`r-${i}`, 100))
  t.notOk(queue.hasWork)
  for (const claim of claims.slice(0, 10)) t.ok(queue.park(claim))
  t.equal(queue.maxToTake, 10, 'those that wait make room')
  for (let i = 0; i < 10; i++) queue.released(`r-${i}`)
  t.equal(queue.maxToTake, 10, 'they have made it already')
  queue.released('r-20')
  t.equal(queue.maxToTake, 11)
  t.notOk(queue.released('r-20'), 'once')
})

t.test('a queue has only so many that wait; the next ones count as running', async (t) => {
  const queue = smallQueue()
  for (let i = 0; i < 2_000; i++) queue.park(queue.claimed(`w-${i}`, 10))
  const claims = Array.from({ length: 128 }, (_, i) => queue.claimed(`r-${i}`, 10))
  t.notOk(queue.park(claims[0] as (typeof claims)[0]))
  t.notOk(queue.hasWork)
})

t.test('large requests and large answers are taken one by one', async (t) => {
  const queue = smallQueue()
  const claim = queue.claimed('large', 8_000_000)
  t.notOk(queue.hasWork, 'not while it is there')
  queue.answering(claim, 50_000_000)
  t.notOk(queue.hasWork, 'nor while its answer is')
  queue.released('large')
  t.equal(queue.maxToTake, 1, 'and the next one is expected to be like it')
})

t.test('a queue that brought trouble rests: nothing is taken from it', async (t) => {
  const queue = smallQueue()
  queue.troubled()
  t.ok(queue.rests)
  t.notOk(queue.hasWork)
})

t.test('each cause is told once in a while, and only so many of them', async (t) => {
  const lines: string[] = []
  const complaints = new Complaints((_, text) => lines.push(text))
  for (let i = 0; i < 1_000; i++) complaints.about(`cause ${i % 500}`, `text ${i % 500}`, 0)
  t.equal(lines.length, 51)
  t.match(lines.at(-1), /more trouble/)
  complaints.about('cause 3', 'text 3', 600_000)
  t.equal(lines.at(-1), 'text 3', 'again after a while')
  complaints.about('cause 3', 'text 3', 600_001)
  t.equal(lines.length, 52)
  complaints.over('cause 3')
  complaints.about('cause 3', 'text 3', 600_002)
  t.equal(lines.length, 53, 'or when it was over in between')
})

t.test('what stands in the log is one line, short, and does nothing to a terminal', async (t) => {
  t.equal(
    printable('a\nb\u001b[2Jc\u009bd\u202ee\ud800f ü'),
    'a\\u{a}b\\u{1b}[2Jc\\u{9b}d\\u{202e}e\\u{d800}f ü',
  )
  t.ok(printable('x'.repeat(100_000)).length < 600)
})

// Who serves a spool

function spoolWith(t: Test, hostFile: object): SafeFolder {
  const folder = ownFolder(t)
  writeFileSync(join(folder, 'host.json'), JSON.stringify(hostFile))
  const root = SafeFolder.open(folder)
  t.teardown(() => root.close())
  return root
}

t.test(
  'another host is believed while it was seen lately, not when it says so from the future',
  async (t) => {
    const nowMs = Date.now()
    const other = { state: 'other', host_name: 'elsewhere', pid: 1 }
    const at = (seen_at_ms: number) => occupy(spoolWith(t, { ...other, seen_at_ms }), 'mine', nowMs).kind
    t.equal(at(nowMs - 5_000), 'occupied')
    t.equal(at(nowMs + 5_000), 'occupied', 'clocks differ a little')
    t.equal(at(nowMs - 60_000), 'taken_over')
    t.equal(at(nowMs + 60_000), 'taken_over')
    t.equal(at(9e15), 'taken_over')
  },
)

t.test('a folder in place of host.json is moved aside', async (t) => {
  const folder = ownFolder(t)
  mkdirSync(join(folder, 'host.json', 'full'), { recursive: true })
  using root = SafeFolder.open(folder)
  t.equal(occupy(root, 'mine', Date.now() + 60_000).kind, 'taken_over')
  t.match(JSON.parse(readFileSync(join(folder, 'host.json'), 'utf8')), { state: 'mine' })
  t.match(readdirSync(folder), [/^\.refused-/, 'host.json'])
})

t.test('a folder with too many names is not listed', async (t) => {
  using folder = SafeFolder.open(ownFolder(t))
  folder.checkSize()
  t.throws(() => folder.checkSize(10), /too many files/)
})
