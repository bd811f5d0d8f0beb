// The table of calls under way: ids, growth, and what becomes of one that stays while others come and go.

import t from 'tap'
import { Calls } from '../../src/actors/runtime/calls.js'

interface Call {
  id: number
  readonly name: string
}

const call = (name: string): Call => ({ id: 0, name })

function add(calls: Calls<Call>, name: string): number {
  const added = call(name)
  calls.add(added)
  return added.id
}

t.test('a call is taken once, by its id', async (t) => {
  const calls = new Calls<Call>()
  const [first, second] = [add(calls, 'first'), add(calls, 'second')]
  t.equal(calls.size, 2)
  t.equal(calls.take(second)?.name, 'second')
  t.equal(calls.take(second), undefined)
  t.equal(calls.take(first)?.name, 'first')
  t.equal(calls.take(first + 1_000), undefined)
  t.equal(calls.size, 0)
})

t.test('thousands are under way at once, and each is found', async (t) => {
  const calls = new Calls<Call>()
  const ids = Array.from({ length: 5_000 }, (_, i) => add(calls, `${i}`))
  t.equal(new Set(ids).size, 5_000)
  t.equal(calls.size, 5_000)
  t.strictSame(
    ids.map((id) => calls.take(id)?.name),
    ids.map((_, i) => `${i}`),
  )
})

t.test('one that stays keeps its id while others come and go', async (t) => {
  const calls = new Calls<Call>()
  const stays = add(calls, 'stays')
  for (let i = 0; i < 1_000; i++) {
    const id = add(calls, 'goes')
    t.not(id, stays)
    calls.take(id)
    if (i > 0 && calls.take(id)) t.fail('an id was taken twice')
  }
  t.equal(calls.size, 1)
  t.equal(calls.take(stays)?.name, 'stays')
})

t.test('those that match are taken out, the oldest first', async (t) => {
  const calls = new Calls<Call>()
  const early = add(calls, 'early')
  for (let i = 0; i < 63; i++) calls.take(add(calls, 'gone'))
  // Ids go round the table, so that the order of its slots is not theirs.
  for (const name of ['a', 'b', 'other', 'c']) add(calls, name)
  t.strictSame(
    calls.takeAll(({ name }) => name !== 'other').map(({ name }) => name),
    ['early', 'a', 'b', 'c'],
  )
  t.equal(calls.take(early), undefined)
  t.equal(calls.size, 1)
})
