// The supervisor over real threads: the order of starts and stops, introductions, restarts with new ports, and
// giving up. Its actors are small ones that tell in the log what happens to them.

import { execFileSync } from 'node:child_process'
import { closeSync, constants, existsSync, openSync, rmSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { Intensity } from '../../src/actors/runtime/restart-window.js'
import { type ChildSpec, Supervisor } from '../../src/actors/runtime/supervisor.js'
import { ArcError } from '../../src/protocol/errors.js'
import { ownFolder } from '../support/folder.js'
import { until } from '../support/waiting.js'
import type { MemberConfig } from './fixtures/member.actor.js'

// By this variable the test runner loads itself into every thread, which then takes three times as long to start.
delete process.env.NODE_OPTIONS

const MEMBER = new URL('./fixtures/member.actor.js', import.meta.url)
const PATIENT: Intensity = { maxRestarts: 100, withinMs: 60_000 }

type Spec = Pick<
  ChildSpec,
  'entry' | 'config' | 'links' | 'inBackground' | 'maxHeapMb' | 'startTimeoutMs' | 'stopTimeoutMs'
>
type Member = Omit<MemberConfig, 'name'> & Partial<Spec>

interface Tree {
  readonly supervisor: Supervisor
  /** What was logged, `actor: message`, in order. */
  readonly log: string[]
  readonly gaveUp: ArcError[]
  /** Resolves when so many lines match; returns them. */
  logged(pattern: RegExp, times?: number): Promise<string[]>
}

/** A tree of actors; each is linked to all that stand before it, unless said otherwise. */
function tree(
  t: Test,
  members: Record<string, Member>,
  { onLog, ...options }: { intensity?: Intensity; onLog?: (line: string) => void } = {},
): Tree {
  const log: string[] = []
  const gaveUp: ArcError[] = []
  const names = Object.keys(members)
  const children = Object.entries(members).map(
    (
      [name, { entry, config, links, inBackground, maxHeapMb, startTimeoutMs, stopTimeoutMs, ...member }],
      i,
    ) => ({
      name,
      entry: entry ?? MEMBER,
      config: config ?? ((): MemberConfig => ({ name, ...member })),
      links: links ?? names.slice(0, i),
      ...(inBackground !== undefined && { inBackground }),
      ...(maxHeapMb !== undefined && { maxHeapMb }),
      ...(startTimeoutMs !== undefined && { startTimeoutMs }),
      ...(stopTimeoutMs !== undefined && { stopTimeoutMs }),
    }),
  )
  const supervisor = new Supervisor({
    children,
    intensity: PATIENT,
    ...options,
    log: (_level, message, fields) => {
      log.push(`${fields?.actor}: ${message}`)
      onLog?.(`${fields?.actor}: ${message}`)
    },
    onGiveUp: (reason) => gaveUp.push(reason),
    onStopAll: () => {},
  })
  t.teardown(() => supervisor.stop())
  const logged = (pattern: RegExp, times = 1) =>
    until(
      () => `${times} of ${pattern} in\n${log.join('\n')}`,
      () => {
        const found = log.filter((line) => pattern.test(line))
        return found.length >= times && found
      },
    )
  return { supervisor, log, gaveUp, logged }
}

const linesLike = (log: readonly string[], pattern: RegExp) => log.filter((line) => pattern.test(line))

/** A file that makes an actor fail for as long as it is there. */
function fault(t: Test): string {
  const path = `${ownFolder(t)}/fault`
  writeFileSync(path, '')
  return path
}

t.test('actors start in order and stop in reverse', async (t) => {
  const { supervisor, log } = tree(t, { a: {}, b: {}, c: {} })
  await supervisor.start()
  await supervisor.stop()
  t.strictSame(linesLike(log, /started|stopped/), [
    'a: a started',
    'b: b started',
    'c: c started',
    'c: c stopped',
    'b: b stopped',
    'a: a stopped',
  ])
})

t.test('linked actors are introduced to each other, and others are not', async (t) => {
  const { supervisor, log, logged } = tree(t, { a: {}, b: { links: ['a'] }, c: { links: ['b'] } })
  await supervisor.start()
  await logged(/greets/, 4)
  t.strictSame(linesLike(log, /greets/).sort(), [
    'a: b greets a',
    'b: a greets b',
    'b: c greets b',
    'c: b greets c',
  ])
  t.strictSame(supervisor.info('a'), { name: 'a' }, 'and what one reports of itself can be asked for')
})

t.test('an actor that dies is restarted alone, and its peers get new ports', async (t) => {
  const { supervisor, log, logged } = tree(t, { a: {}, b: {} })
  await supervisor.start()
  await logged(/greets/, 2)
  await supervisor.kill('a')
  await logged(/a is back/)
  await logged(/greets/, 4)
  t.strictSame(linesLike(log, /started/), ['a: a started', 'b: b started', 'a: a started'])
  t.strictSame(linesLike(log, /lost/), ['b: lost a'], 'the peer was told at once')
  t.equal(linesLike(log, /^a: b greets a$/).length, 2, 'the new one talks to the old one')
  t.equal(linesLike(log, /^b: a greets b$/).length, 2, 'and the old one to the new one')
})

t.test('an error that nobody catches ends its actor alone, and is in the log', async (t) => {
  const path = `${ownFolder(t)}/fault`
  const { supervisor, log, logged } = tree(t, { a: { throwsOnce: path }, b: {} })
  await supervisor.start()
  writeFileSync(path, '')
  await logged(/a is back/)
  t.match(linesLike(log, /a ended/)[0], /a has a defect/)
  t.strictSame(linesLike(log, /b ended/), [])
})

t.test('an actor that runs out of memory ends alone', async (t) => {
  const path = `${ownFolder(t)}/fault`
  const { supervisor, log, logged } = tree(t, { a: { hoardsOnce: path, maxHeapMb: 24 }, b: {} })
  await supervisor.start()
  writeFileSync(path, '')
  await logged(/a is back/)
  t.match(linesLike(log, /a ended/)[0], /memory/i)
  t.strictSame(linesLike(log, /b ended/), [])
})

t.test('actors that die at the same time are all restarted', async (t) => {
  for (const order of [
    ['a', 'b', 'c'],
    ['c', 'b', 'a'],
    ['b', 'c', 'a'],
  ]) {
    const { supervisor, log, gaveUp, logged } = tree(t, { a: {}, b: {}, c: {} })
    await supervisor.start()
    await logged(/greets/, 6)
    await Promise.all(order.map((name) => supervisor.kill(name)))
    await logged(/started/, 6)
    await logged(/greets/, 12)
    t.strictSame(gaveUp, [], `killed in the order ${order}`)
    t.strictSame(linesLike(log, /no answer in time/), [], 'nobody has waited in vain')
    await supervisor.stop()
  }
})

t.test('an actor whose peer dies while it is restarted comes back together with it', async (t) => {
  const intensity = { maxRestarts: 5, withinMs: 30_000 }
  const members = { storage: {}, door: { needsPeer: true } }
  const { supervisor, log, gaveUp } = tree(t, members, {
    intensity,
    onLog: (line) => {
      // The supervisor has begun to restart the door when it tells of its end.
      if (/^door: door ended/.test(line)) void supervisor.kill('storage')
    },
  })
  await supervisor.start()
  await supervisor.kill('door')
  const starts = (name: string) => linesLike(log, new RegExp(`${name} started`)).length
  const areBack = () => starts('storage') === 2 && linesLike(log, /door is back|storage is back/).length > 0
  await until('both to be back, or the end of it', () => gaveUp.length > 0 || areBack())
  t.strictSame(gaveUp, [])
  t.strictSame(linesLike(log, /no answer in time/), [], 'it has not waited for a dead one in vain')
})

t.test(
  'a start that fails while the tree comes up is fatal, says why, and stops those before it',
  async (t) => {
    const { supervisor, log } = tree(t, { a: {}, b: { failsWhile: fault(t) }, c: {} })
    await t.rejects(supervisor.start(), { code: 'start_failed', message: 'b may not start' })
    t.strictSame(linesLike(log, /started|stopped/), ['a: a started', 'a: a stopped'])
  },
)

t.test('a start that fails leaves no thread behind, of those that were loading neither', async (t) => {
  const open = () => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length
  const before = open()
  const { supervisor } = tree(t, { a: { failsWhile: fault(t) }, b: {}, c: {} })
  await t.rejects(supervisor.start(), { message: 'a may not start' })
  await until('its ports to be closed', () => open() <= before) // those of earlier tests may close meanwhile
})

t.test('an actor that never becomes ready has failed to start', async (t) => {
  const { supervisor } = tree(t, { a: { hangsWhile: fault(t), startTimeoutMs: 200 } })
  await t.rejects(supervisor.start(), { code: 'start_failed', message: /not ready within 200 ms/ })
})

t.test(
  'failed starts count as crashes: past the intensity the supervisor gives up, with the reason',
  async (t) => {
    const intensity = { maxRestarts: 3, withinMs: 60_000 }
    const path = `${ownFolder(t)}/fault`
    const { supervisor, log, gaveUp } = tree(t, { a: { failsWhile: path } }, { intensity })
    await supervisor.start()
    writeFileSync(path, '')
    await supervisor.kill('a')
    await until('it to give up', () => gaveUp.length > 0)
    t.equal(linesLike(log, /could not be restarted: a may not start/).length, 3)
    t.match(gaveUp, [{ code: 'start_failed', message: /^a keeps failing.*a may not start$/ }])
    t.ok(gaveUp[0] instanceof ArcError)
  },
)

t.test('crashes within the intensity are survived, one more is not', async (t) => {
  const intensity = { maxRestarts: 2, withinMs: 60_000 }
  const { supervisor, gaveUp, logged } = tree(t, { a: {} }, { intensity })
  await supervisor.start()
  for (const times of [1, 2]) {
    await supervisor.kill('a')
    await logged(/a is back/, times)
    t.strictSame(gaveUp, [], `crash ${times}`)
  }
  await supervisor.kill('a')
  await until('it to give up', () => gaveUp.length > 0)
  t.equal(gaveUp.length, 1)
})

t.test('an actor that does not stop is terminated when its time is over', async (t) => {
  const { supervisor, log } = tree(t, { a: {}, b: { neverStops: true, stopTimeoutMs: 200 } })
  await supervisor.start()
  await supervisor.stop()
  t.match(linesLike(log, /did not stop/), [/^b: b did not stop in good order/])
  t.ok(log.includes('a: a stopped'), 'the others stop as they should')
})

t.test('a stop in the middle of a restart leaves no thread behind', async (t) => {
  const { supervisor, log } = tree(t, { a: {}, b: {} })
  await supervisor.start()
  await supervisor.kill('a')
  await supervisor.stop()
  const lines = log.length
  const starts = linesLike(log, /a started/).length
  const stops = linesLike(log, /a stopped/).length
  t.ok(starts === 1 || stops === 1, 'it was not started again, or stopped again')
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(log.length, lines, 'and nothing happens any more')
})

// A stop is heard at any time

/** Milliseconds that a stop may take which waits for nothing. */
const AT_ONCE_MS = 5_000

async function stopsAtOnce(t: Test, { supervisor, log }: Tree): Promise<void> {
  const toldAt = performance.now()
  await supervisor.stop()
  t.ok(performance.now() - toldAt < AT_ONCE_MS, `after ${Math.round(performance.now() - toldAt)} ms`)
  t.ok(log.includes('a: a stopped'), 'the others stop as they should')
}

for (const [how, member] of [
  ['never becomes ready', 'hangsWhile'],
  ['hears nothing any more', 'spinsWhile'],
] as const) {
  t.test(`a stop ends an actor that is being restarted and ${how}`, async (t) => {
    const path = `${ownFolder(t)}/fault`
    const room = tree(t, { a: {}, b: { [member]: path } })
    await room.supervisor.start()
    writeFileSync(path, '')
    await room.supervisor.kill('b')
    await until('it to be restarted', () => existsSync(`${path}.met`))
    await stopsAtOnce(t, room)
  })

  t.test(`a stop ends an actor that is started for the first time and ${how}`, async (t) => {
    const path = fault(t)
    const room = tree(t, { a: {}, b: { [member]: path }, c: {} })
    const started = room.supervisor.start()
    started.catch(() => {})
    await until('it to be started', () => existsSync(`${path}.met`))
    await stopsAtOnce(t, room)
    await t.rejects(started, { code: 'aborted', message: /stopped while it started/ })
  })
}

t.test('a stop does not wait for the next try of an actor that can not be restarted', async (t) => {
  const path = `${ownFolder(t)}/fault`
  const room = tree(t, { a: {}, b: { failsWhile: path } })
  await room.supervisor.start()
  writeFileSync(path, '')
  await room.supervisor.kill('b')
  await room.logged(/could not be restarted/, 5)
  const toldAt = performance.now() // the next try would come after 1,600 ms
  await room.supervisor.stop()
  t.ok(performance.now() - toldAt < 1_200)
})

t.test('a thread that is blocked outside of JavaScript holds up nobody', async (t) => {
  const pipe = `${ownFolder(t)}/pipe`
  const room = tree(t, { a: {}, b: { blocksWhile: pipe } })
  await room.supervisor.start()
  execFileSync('mkfifo', [pipe])
  t.teardown(() => closeSync(openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK)))
  await room.supervisor.kill('b')
  await room.logged(/b ended/)
  await until('it to be blocked', () => existsSync(`${pipe}.met`))
  await stopsAtOnce(t, room)
})

t.test('a supervisor that was stopped starts nothing', async (t) => {
  const { supervisor, log } = tree(t, { a: {} })
  await supervisor.stop()
  await t.rejects(supervisor.start(), { code: 'aborted' })
  t.strictSame(log, [])
})

// Whatever a start does

for (const [what, broken, why] of [
  ['whose module is missing', { entry: new URL('./no-such.actor.js', import.meta.url) }, /no-such\.actor/],
  ['whose thread can not be made', { entry: new URL('https://127.0.0.1/a.actor.js') }, /scheme/],
  ['whose configuration can not be made', { config: () => fail('no configuration') }, /no configuration/],
  ['whose configuration can not be sent', { config: () => ({ call: () => {} }) }, /could not be cloned/],
] as const) {
  t.test(`an actor ${what} has failed to start`, async (t) => {
    const { supervisor, log } = tree(t, { a: {}, b: broken })
    await t.rejects(supervisor.start(), { code: 'start_failed', message: why })
    t.strictSame(linesLike(log, /started|stopped/), ['a: a started', 'a: a stopped'])
  })
}

t.test(
  'an actor whose configuration can not be made any more is given up, and the others are stopped',
  async (t) => {
    let isBroken = false
    const config = () => (isBroken ? fail('no configuration') : { name: 'b' })
    const intensity = { maxRestarts: 2, withinMs: 60_000 }
    const { supervisor, log, gaveUp } = tree(t, { a: {}, b: { config } }, { intensity })
    await supervisor.start()
    isBroken = true
    await supervisor.kill('b')
    await until('it to give up', () => gaveUp.length > 0)
    t.match(gaveUp, [{ message: /^b keeps failing.*no configuration/ }])
    await supervisor.stop()
    t.ok(log.includes('a: a stopped'))
  },
)

function fail(message: string): never {
  throw new Error(message)
}

t.test('nobody waits for a child in the background', async (t) => {
  const hangs = fault(t)
  const { supervisor, log, gaveUp } = tree(t, { a: {}, b: { inBackground: true, hangsWhile: hangs } })
  await supervisor.start()
  await until('b hangs', () => existsSync(`${hangs}.met`))
  await supervisor.stop()
  t.same([...gaveUp, ...linesLike(log, /could not/)], [])
})

t.test('a child in the background that has no configuration fails the start', async (t) => {
  const config = () => {
    throw new ArcError('spool_unusable', 'no folder')
  }
  const { supervisor } = tree(t, { a: {}, b: { inBackground: true, config } })
  await t.rejects(supervisor.start(), { code: 'spool_unusable', message: 'no folder' })
})

t.test('a child in the background that fails is started again', async (t) => {
  const failsWhile = fault(t)
  const { supervisor, logged } = tree(t, { a: {}, b: { inBackground: true, failsWhile } })
  await supervisor.start()
  await logged(/b could not be started: b may not start/)
  rmSync(failsWhile)
  await logged(/b started/)
})

t.test('a child in the background is killed as soon as it runs, and comes back', async (t) => {
  const firsts: boolean[] = []
  const config = (_infoOf: unknown, isFirst: boolean) => ({ name: `b ${firsts.push(isFirst)}` })
  const { supervisor, logged } = tree(t, { a: {}, b: { inBackground: true, config } })
  await supervisor.start()
  await supervisor.kill('b')
  await logged(/b is back/)
  t.same(firsts, [true, false])
})
