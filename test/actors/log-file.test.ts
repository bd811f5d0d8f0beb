// The log file of a hub in the background: bounded, of its user alone, and with the last words of the process.

import {
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import t, { type Test } from 'tap'
import { ownFolder } from '../support/folder.js'
import { LogWriter } from '../support/log-writer.js'

const FULL = 64 * 1024

interface Log {
  readonly path: string
  readonly older: string
  /** A program that logs there. */
  writer(): LogWriter
}

function logOf(t: Test): Log {
  const path = `${ownFolder(t)}/.arc.log`
  const writer = () => new LogWriter(t, openSync(path, 'a', 0o600), [path, FULL])
  return { path, older: `${path}.1`, writer }
}

const numbersIn = (path: string): number[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .flatMap((line) => JSON.parse(line).number ?? [])

t.test('a full log goes on in a second file, and no line is lost between the two', async (t) => {
  const { path, older, writer } = logOf(t)
  const program = writer()
  await program.log(1_000, 200)
  t.ok(statSync(path).size < FULL + 1_000)
  t.ok(statSync(older).size < FULL + 1_000)
  t.equal(statSync(older).mode & 0o777, 0o600)
  const numbers = [...numbersIn(older), ...numbersIn(path)]
  const [first = 0] = numbers
  t.strictSame(
    numbers,
    numbers.map((_, i) => first + i),
  )
  t.equal(numbers.at(-1), 999)
  t.equal(await program.end(), 0)
})

t.test('the last words of a process are in the log, also after it was full', async (t) => {
  const { path, writer } = logOf(t)
  const program = writer()
  await program.log(500, 200)
  t.ok((await program.crash()) !== 0)
  t.match(readFileSync(path, 'utf8'), /^Error: last words$/m)
})

t.test('several programs may log to one file', async (t) => {
  const { path, older, writer } = logOf(t)
  const programs = [writer(), writer(), writer()]
  for (let i = 0; i < 20; i++) await Promise.all(programs.map((program) => program.log(100, 200)))
  for (const file of [path, older]) {
    t.ok(statSync(file).size < 2 * FULL)
    t.doesNotThrow(() => numbersIn(file), 'every line is whole')
  }
  for (const program of programs) t.equal(await program.end(), 0)
})

t.test('a log that was deleted does not grow where nobody sees it', async (t) => {
  const { path, writer } = logOf(t)
  const program = writer()
  await program.log(1)
  const descriptor = openSync(path, 'r')
  rmSync(path)
  await program.log(1_000, 200)
  t.ok(fstatSync(descriptor).size < FULL + 1_000)
  t.equal(await program.end(), 0)
})

t.test('a log that was moved elsewhere is left as it is', async (t) => {
  const { path, older, writer } = logOf(t)
  const program = writer()
  await program.log(1)
  renameSync(path, `${path}.kept`)
  writeFileSync(path, 'of somebody else')
  await program.log(1_000, 200)
  t.equal(numbersIn(`${path}.kept`).length, 1_001)
  t.equal(readFileSync(path, 'utf8'), 'of somebody else')
  t.notOk(existsSync(older))
  t.equal(await program.end(), 0)
})

t.test('a link in the place of the copy of a full log is replaced, not followed', async (t) => {
  const { path, older, writer } = logOf(t)
  const precious = `${path}.precious`
  writeFileSync(precious, 'precious')
  const program = writer()
  symlinkSync(precious, `${older}.${program.child.pid}`)
  await program.log(1_000, 200)
  t.equal(readFileSync(precious, 'utf8'), 'precious')
  t.ok(lstatSync(older).isFile())
  t.equal(await program.end(), 0)
})
