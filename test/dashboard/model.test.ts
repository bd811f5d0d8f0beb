// The smaller pure parts: views, holds and their history, the task tree, activity, presence, times.

import t from 'tap'
import { Activity, niceCeiling, writersOf } from '../../src/dashboard/model/activity.js'
import { axisOf } from '../../src/dashboard/model/axis.js'
import { type ColourMemory, Colours } from '../../src/dashboard/model/colours.js'
import { type Hold, lanesOf, withHolds } from '../../src/dashboard/model/holds.js'
import { goneAfter, peopleOf } from '../../src/dashboard/model/presence.js'
import { openIn, taskLabel, taskTree, viewOfTask } from '../../src/dashboard/model/tasks.js'
import { ago, countdown, dayOf } from '../../src/dashboard/model/times.js'
import {
  belongs,
  DIRECT_CHANNEL,
  hashOf,
  isSame,
  type View,
  viewOf,
} from '../../src/dashboard/model/views.js'
import * as limits from '../../src/protocol/limits.js'
import type { Message, Session, Task } from '../../src/protocol/objects.js'

t.test('views stand in the address, whatever they are called', async (t) => {
  for (const name of ['general', 'a/b#c?d', '100 %', '<b>', 'ü\u202e']) {
    for (const kind of ['channel', 'thread', 'direct'] as const) {
      t.ok(isSame(viewOf(hashOf({ kind, name })), { kind, name }), `${kind} ${name}`)
    }
  }
  t.equal(hashOf({ kind: 'thread', name: 'x\ud83dy' }), hashOf({ kind: 'thread', name: 'x\ufffdy' }))
  t.match(viewOf('#/inbox'), { kind: 'inbox' })
  for (const hash of ['', '#', '#/nothing/x', '#/channel/', '#/channel/%']) {
    t.same(viewOf(hash), { kind: 'channel', name: 'general' }, hash)
  }
})

t.test('the channel of direct messages is called as the protocol calls it', async (t) => {
  t.equal(DIRECT_CHANNEL, limits.DIRECT_CHANNEL)
})

t.test('a message belongs where its channel, thread and addressee say', async (t) => {
  const message = (fields: Partial<Message>) =>
    ({ from_agent: 'a', to_agent: null, channel: 'general', thread_id: null, ...fields }) as Message
  const general: View = { kind: 'channel', name: 'general' }
  t.ok(belongs(general, message({}), 'me'))
  t.notOk(belongs(general, message({ channel: 'x' }), 'me'))
  t.notOk(belongs(general, message({ to_agent: 'me' }), 'me'), 'a direct message is in no channel')
  t.ok(belongs({ kind: 'inbox', name: '' }, message({ to_agent: 'me' }), 'me'))
  t.notOk(belongs({ kind: 'inbox', name: '' }, message({ to_agent: 'you' }), 'me'))
  const withA: View = { kind: 'direct', name: 'a' }
  t.ok(belongs(withA, message({ to_agent: 'me' }), 'me'))
  t.ok(belongs(withA, message({ from_agent: 'me', to_agent: 'a' }), 'me'))
  t.notOk(belongs(withA, message({ to_agent: 'b' }), 'me'))
  const thread: View = { kind: 'thread', name: 'x' }
  t.ok(belongs(thread, message({ thread_id: 'x' }), 'me'))
  t.notOk(belongs(thread, message({ thread_id: 'x', to_agent: 'b' }), 'me'))
})

const hold = (key: string, owner: string, sinceMs: number, more: Partial<Hold> = {}): Hold => ({
  type: 'lock',
  key,
  id: key,
  owner,
  sinceMs,
  expiresMs: sinceMs + 1_000,
  releasedMs: undefined,
  threadId: undefined,
  waiting: [],
  ...more,
})

t.test('a hold that is gone has ended when it was missed, or when it ran out', async (t) => {
  const before = withHolds([], 'lock', [hold('a', 'x', 100), hold('b', 'y', 100)], 200)
  const after = withHolds(before, 'lock', [hold('b', 'y', 100)], 300)
  t.equal(after.find(({ key }) => key === 'a')?.toMs, 300)
  t.equal(after.find(({ key }) => key === 'b')?.toMs, undefined)
  const late = withHolds(after, 'lock', [], 5_000)
  t.equal(late.find(({ key }) => key === 'b')?.toMs, 1_100)
  t.equal(
    withHolds(before, 'claim', [], 300).filter(({ toMs }) => toMs === undefined).length,
    2,
    'of its type',
  )
})

t.test('holders that take turns get a lane with a bar each; a refresh makes no new one', async (t) => {
  let history = withHolds([], 'lock', [hold('f', 'x', 100)], 150)
  history = withHolds(history, 'lock', [hold('f', 'x', 100, { expiresMs: 3_000 })], 200)
  history = withHolds(history, 'lock', [hold('f', 'y', 300)], 320)
  const [lane] = lanesOf(history, 0, 400, 10)
  t.same(
    lane?.intervals.map(({ owner, fromMs, toMs }) => [owner, fromMs, toMs]),
    [
      ['x', 100, 320],
      ['y', 300, undefined],
    ],
  )
  t.same(lanesOf(history, 10_000, 20_000, 10), [], 'what ended earlier is not shown')
})

t.test('history is bounded, and what is held is kept', async (t) => {
  const past = Array.from({ length: 600 }, (_, i) => hold(`f${i}`, 'x', i, { releasedMs: i + 1 }))
  const history = withHolds([], 'lock', [hold('now', 'y', 900), ...past], 1_000)
  t.equal(history.length, 400)
  t.ok(history.some(({ key }) => key === 'now'))
})

const task = (id: number, parent: number | null, status: 'open' | 'done'): Task => ({
  task_id: id,
  parent_task_id: parent,
  channel: 'general',
  thread_id: null,
  status,
  created_at: '',
  completed_at: null,
})

t.test('tasks make a tree with the progress of each branch', async (t) => {
  const [newest, first, done] = taskTree([
    task(1, null, 'open'),
    task(2, 1, 'done'),
    task(3, 1, 'open'),
    task(4, 3, 'done'),
    task(5, null, 'done'),
    task(6, null, 'open'),
  ])
  t.equal(newest?.task.task_id, 6)
  t.match(first, { task: { task_id: 1 }, total: 3, done: 2 })
  t.same(
    first?.children.map((child) => child.task.task_id),
    [2, 3],
  )
  t.equal(done?.task.task_id, 5)
})

t.test('a task whose parent is missing, or is itself, is a root', async (t) => {
  const roots = taskTree([task(7, 3, 'open'), task(8, 8, 'open'), task(9, 10, 'open'), task(10, 9, 'open')])
  t.same(roots.map((root) => root.task.task_id).sort(), [7, 8, 9])
})

t.test('a task counts with all that is open below it, and leads to where it was said', async (t) => {
  const tree = taskTree([task(1, null, 'done'), task(2, 1, 'open'), task(3, 2, 'open'), task(4, 1, 'done')])
  t.same(tree.map(openIn), [2])
  const said = { ...task(5, null, 'open'), channel: 'direct', from_agent: 'ann', assignee: 'bob' }
  t.same(viewOfTask(said, 'me'), { kind: 'direct', name: 'ann' })
  t.same(viewOfTask({ ...said, from_agent: 'me' }, 'me'), { kind: 'direct', name: 'bob' })
  t.same(viewOfTask({ ...said, thread_id: 'x' }, 'me'), { kind: 'thread', name: 'x' })
  t.same(viewOfTask({ ...said, channel: 'dev' }, 'me'), { kind: 'channel', name: 'dev' })
  t.equal(taskLabel(5, ' write it '), 'task 5: write it')
  t.equal(taskLabel(5), 'task 5')
})

t.test('messages are counted by minute and agent, and forgotten after six hours', async (t) => {
  const activity = new Activity()
  const nowMs = 600 * 60_000
  activity.count('a', nowMs)
  activity.count('a', nowMs - 60_000)
  activity.count('b', nowMs - 60_000)
  activity.count('old', nowMs - 7 * 3_600_000)
  activity.count('bad', Number.NaN)
  const bars = activity.bars(60, 60, nowMs)
  t.equal(bars.length, 60)
  t.same([bars.at(-1)?.total, bars.at(-2)?.total, bars.at(-3)?.total], [1, 2, 0])
  t.same(bars.at(-2)?.counts, new Map([['a', 1], ['b', 1]])) // biome-ignore format: pairs
  t.equal(
    activity.bars(360, 72, nowMs).reduce((sum, bar) => sum + bar.total, 0),
    3,
  )
})

t.test('of any number of authors a few are told apart, and all that they wrote is counted', async (t) => {
  const activity = new Activity()
  const nowMs = 600 * 60_000
  for (let i = 0; i < 5; i++) activity.count('alice', nowMs)
  for (let i = 0; i < 10_000; i++) activity.count(`author ${i}`, nowMs)
  const bars = activity.bars(60, 60, nowMs)
  const { named, others } = writersOf(bars, 16)
  t.same(named[0], ['alice', 5])
  t.equal(named.length, 16)
  t.equal(others + named.reduce((sum, [, count]) => sum + count, 0), 10_005)
  t.ok((bars.at(-1)?.counts.size ?? 0) <= 101, 'in memory, too')
})

t.test('an axis has its ticks at full minutes, apart from each other and from now', async (t) => {
  const nowMs = Date.parse('2026-03-01T10:07:23Z')
  for (const [minutes, width] of [
    [15, 640],
    [60, 640],
    [60, 280],
    [360, 640],
    [360, 280],
  ] as const) {
    // biome-ignore format: pairs
    const { x, ticks } = axisOf(minutes, nowMs, { left: 96, width, pastShare: 0.9 })
    const places = [...ticks.map(x), x(nowMs)]
    t.ok(ticks.length > 0 && ticks.every((ms) => ms % 60_000 === 0), `${minutes} minutes on ${width} pixels`)
    t.ok(places.every((place, i) => i === 0 || place - (places[i - 1] ?? 0) >= 48))
    t.same(
      [x(nowMs - minutes * 60_000), x(0), x(nowMs * 2)],
      [96, 96, width],
      'what lies beyond is at an end',
    )
  }
})

t.test('scales end at round numbers', async (t) => {
  t.same([0, 1, 3, 7, 11, 69, 999].map(niceCeiling), [1, 1, 4, 10, 20, 100, 1_000])
})

t.test('who left is remembered for a while; who comes back is here', async (t) => {
  const session = (id: string) => ({ agent_id: id }) as Session
  const [a, b] = [session('a'), session('b')]
  const gone = goneAfter([], [a, b], [b])
  t.same(gone, [a])
  t.same(goneAfter(gone, [b], [a, b]), [])
  t.same(
    peopleOf([a, b], [session('c')], new Set(['b'])).map(({ state }) => state),
    ['live', 'waiting', 'gone'],
  )
})

/** What a browser keeps. */
function memory(given: Readonly<Record<string, number>> = {}): ColourMemory & { kept(): object } {
  let kept = given
  return {
    read: () => kept,
    write: (next) => {
      kept = next
    },
    kept: () => kept,
  }
}

t.test('eight agents have colours of their own, and each keeps its colour at the next load', async (t) => {
  const names = Array.from({ length: 8 }, (_, i) => `agent-${i}`)
  const kept = memory()
  const first = new Colours(kept)
  const given = names.map((name) => first.of(name))
  t.equal(new Set(given).size, 8)
  const second = new Colours(kept)
  second.of('somebody new')
  const again = [...names].reverse().map((name) => second.of(name))
  t.same(again.reverse(), given, 'in whatever order they are seen')
  t.equal(first.of('system'), 'hue-system')
})

t.test('an agent has the same colour in each browser, unless another has that', async (t) => {
  t.equal(new Colours(memory()).of('alice'), new Colours(memory()).of('alice'))
  const colours = new Colours({ read: () => ({}), write: () => {} })
  t.equal(
    new Set(Array.from({ length: 8 }, (_, i) => colours.of(`x${i}`))).size,
    8,
    'where nothing is kept, too',
  )
})

t.test('what is remembered of colours is bounded, and what is wrong with it does no harm', async (t) => {
  const kept = memory({ alice: 99, bob: -1, __proto__: 3 } as Record<string, number>)
  const colours = new Colours(kept)
  for (const name of ['alice', 'bob', '__proto__', 'constructor']) t.match(colours.of(name), /^hue-[0-7]$/)
  for (let i = 0; i < 1_000; i++) colours.of(`flood ${i}`)
  t.match(colours.of('x'.repeat(300_000)), /^hue-[0-7]$/)
  const size = JSON.stringify(kept.kept()).length
  t.ok(size < 10_000, `${size} characters`)
})

t.test('times as people read them', async (t) => {
  t.same([-5, 400, 61_000, 3_725_000].map(countdown), ['0:00', '0:01', '1:01', '1:02:05'])
  t.same([0, 40_000, 300_000, 3_599_000, 7_200_000, 86_399_000, 200_000_000].map(ago), [
    'now',
    '40 s ago',
    '5 min ago',
    '59 min ago',
    '2 h ago',
    '23 h ago',
    '2 d ago',
  ])
  const year = new Date().getFullYear()
  t.notMatch(dayOf(new Date(year, 5, 1).getTime()), /[0-9]{4}/)
  t.match(dayOf(new Date(year - 1, 5, 1).getTime()), new RegExp(`${year - 1}`))
})
