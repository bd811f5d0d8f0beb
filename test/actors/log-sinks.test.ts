// Logging to what can't be written: a program goes on, and says later how many lines are missing. Real programs, on real
// pipes, disks and devices.

import { openSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import t from 'tap'
import { LogWriter } from '../support/log-writer.js'
import { fill, noSmallDisk, smallDisk } from '../support/small-disk.js'
import { until } from '../support/waiting.js'

const SKIP = { skip: noSmallDisk }

interface Line {
  readonly number?: number
  readonly msg: string
}

/** What the log says of lines that are missing. */
const missingIn = (lines: readonly Line[]) =>
  lines.flatMap(({ msg }) => {
    const [, count] = /^(\d+) lines? of this log could not be written$/.exec(msg) ?? []
    return count === undefined ? [] : Number(count)
  })

t.test('a reader of the pipe that has gone ends nobody', async (t) => {
  const writer = new LogWriter(t, 'pipe')
  writer.stderr.destroy()
  for (let i = 0; i < 3; i++) await writer.log(10)
  t.equal(await writer.end(), 0)
})

t.test(
  'a reader that stops reading holds up nobody, and learns later how many lines it has missed',
  async (t) => {
    const writer = new LogWriter(t, 'pipe')
    const all = 8_000
    await writer.log(all, 1_000)
    const lines: Line[] = []
    createInterface({ input: writer.stderr }).on('line', (line) => lines.push(JSON.parse(line)))
    await until('it to have read what there is', async () => {
      await writer.log(1)
      return missingIn(lines).length > 0
    })
    const missing = missingIn(lines).reduce((sum, count) => sum + count, 0)
    const numbers = lines.flatMap(({ number }) => number ?? [])
    t.ok(missing > 0)
    t.equal(new Set(numbers).size, numbers.length, 'no line comes twice')
    t.ok(numbers.at(-1) === numbers.length + missing - 1, 'and all others have come')
    t.equal(await writer.end(), 0)
  },
)

t.test('a device that takes nothing ends nobody', async (t) => {
  const writer = new LogWriter(t, openSync('/dev/full', 'w'))
  await writer.log(10)
  t.equal(await writer.end(), 0)
})

t.test(
  'a full disk ends nobody, and when there is room again the log says what is missing',
  SKIP,
  async (t) => {
    const disk = smallDisk(t, 64)
    const path = `${disk}/log`
    const writer = new LogWriter(t, openSync(path, 'a'), [path, 1024 * 1024])
    await writer.log(10, 200)
    fill(disk)
    await writer.log(300, 200)
    rmSync(`${disk}/ballast`)
    await writer.log(1)
    t.equal(await writer.end(), 0)
    const texts = readFileSync(path, 'utf8').trimEnd().split('\n')
    const lines = texts.flatMap((text): Line[] => (text.endsWith('}') ? [JSON.parse(text)] : []))
    t.ok(texts.length - lines.length <= 1, 'one line may be torn')
    const missing = missingIn(lines).reduce((sum, count) => sum + count, 0)
    t.ok(missing > 0)
    t.equal(lines.flatMap(({ number }) => number ?? []).length + missing, 311)
    t.equal(lines.at(-1)?.number, 310)
  },
)

t.test('a full log on a full disk begins anew, and says what became of its lines', SKIP, async (t) => {
  const disk = smallDisk(t, 64)
  const path = `${disk}/log`
  const writer = new LogWriter(t, openSync(path, 'a'), [path, 40 * 1024])
  await writer.log(150, 200)
  fill(disk)
  await writer.log(500, 200)
  t.ok(statSync(path).size < 64 * 1024)
  t.match(readFileSync(path, 'utf8'), /older lines of this log could not be kept: ENOSPC/)
  t.match(readdirSync(disk), ['ballast', 'log'], 'nothing unfinished is left')
  t.equal(await writer.end(), 0)
})
