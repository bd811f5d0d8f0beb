// What every storage backend does with leases (PROTOCOL §6, §19), as a part of `backend.suite.ts`.

import type { Claim, Lock, Scope } from '../../src/protocol/objects.js'
import type { Command, Prospects } from '../../src/storage/commands.js'
import type { Done } from '../../src/storage/outcome.js'
import { claim, lock, post, type RoomTest } from './backend-room.js'

export function leaseSuite(test: RoomTest): void {
  test('a lease is held by one, until it is released or its time has passed', async (t, room) => {
    for (const acquire of [claim, lock]) {
      t.match(await room.does(acquire('ann', 'k')), { acquired: true })
      t.match(await room.does(acquire('bob', 'k')), { acquired: false })
      t.match(await room.does(acquire('ann', 'k')), { acquired: true })
      room.waits(301)
      t.match(await room.does(acquire('bob', 'k')), { acquired: true })
    }
    await room.apply(claim('bob', 'k'))
    const of = { claim_key: 'k', agent_id: 'ann', by_operator: false }
    t.match(await room.does({ op: 'claim.release', input: of }), { refused: 'not_found' })
    t.type(
      (await room.does<Claim>({ op: 'claim.release', input: { ...of, agent_id: 'bob' } })).released_at,
      'string',
    )
    const refresh: Command = { op: 'lock.refresh', input: { agent_id: 'bob', file_path: 'k', ttl_sec: 10 } }
    t.match(await room.does<Lock>(refresh), { acquired: true, expires_at: '2026-01-02T03:14:17Z' })
    t.equal((await room.asks<Claim[]>({ op: 'claims.list', input: { active_only: true } })).length, 0)
    t.equal((await room.asks<Lock[]>({ op: 'locks.list', input: { active_only: true } })).length, 1)
    t.equal((await room.asks<Claim[]>({ op: 'claims.list', input: { active_only: false } })).length, 1)
  })

  test('a fence grows with each holding, and an old one is refused', async (t, room) => {
    const takes = [
      (agent: string, fields: object = {}) => claim(agent, 'k', fields),
      (agent: string, { fence }: { fence?: number } = {}): Command => ({
        op: 'lock.acquire',
        input: { agent_id: agent, file_path: 'k', ttl_sec: 300, metadata: '{}', fence },
      }),
    ]
    for (const take of takes) {
      const { fence: first } = await room.does<{ fence: number }>(take('ann'))
      t.match(await room.does(take('ann')), { acquired: true, fence: first })
      t.match(await room.does(take('bob')), { acquired: false, fence: first })
      room.waits(301)
      const { fence: second } = await room.does<{ fence: number }>(take('bob'))
      t.ok(second > first)
      t.match(await room.does(take('ann', { fence: first })), { refused: 'stale_fence' })
      t.match(await room.does(take('bob', { fence: second })), { acquired: true, fence: second })
    }
    const fencing = { fence: 1, file_path: 'k' }
    const { outcomes } = await room.apply(post('late', { fencing }))
    t.match(outcomes[0], { code: 'stale_fence', beside: { holder: { agent_id: 'bob' } } })
    t.strictSame(await room.bodies(), [])
  })

  test('a free lease goes to the first who waits and was renewed', async (t, room) => {
    const waits = async (agent: string): Promise<number> => {
      const { outcomes } = await room.apply(claim(agent, 'k', { wait: 'join' }))
      t.match(outcomes[0], { isPassing: true, beside: { acquired: false } })
      return (outcomes[0] as Done).place as number
    }
    const renew = (...places: number[]) => room.does<Prospects>({ op: 'waits.renew', input: { places } })
    const free: Command = {
      op: 'claim.release',
      input: { claim_key: 'k', agent_id: 'ann', by_operator: false },
    }
    await room.apply(claim('ann', 'k', { ttl_sec: 60 }))
    const [bob, eve, dan] = [await waits('bob'), await waits('eve'), await waits('dan')]
    t.equal(await waits('bob'), bob, 'an agent keeps its place')
    t.match(await renew(bob, eve, dan), { ready: [], nextInMs: 60_322 }, 'until its last second has passed')
    room.waits(4)
    await renew(eve, dan)
    await room.apply(free)
    t.match(await renew(eve, dan), { ready: [], nextInMs: 1_001 }, 'bob may still be there')
    t.match(await room.does(claim('eve', 'k', { wait: 'join' })), {
      acquired: false,
      waiting: ['bob', 'eve', 'dan'],
    })
    room.waits(2)
    t.strictSame((await renew(eve, dan)).ready, [eve], 'bob has lapsed')
    await room.apply({ op: 'waits.end', input: { places: [eve] } })
    t.strictSame((await renew(dan)).ready, [dan], 'eve waits no longer')
    t.match(await room.does(claim('new', 'k')), { acquired: false, waiting: ['dan'] }, 'nobody overtakes')
    t.match(await room.does(claim('dan', 'k', { wait: 'join' })), { acquired: true })
    t.equal(await waits('eve'), eve, 'she has come back in time')
    room.waits(5)
    t.not(await waits('bob'), bob, 'he has not')
    t.strictSame((await renew(99)).ready, [99], 'a place that nobody knows is to be asked for again')
  })

  test('a scope keeps out what meets it, and a slot whoever is one too many', async (t, room) => {
    const scope = (agent_id: string, glob: string, fields: object = {}): Command => ({
      op: 'scope.acquire',
      input: { agent_id, globs: [glob], mode: 'exclusive', ttl_sec: 60, metadata: '{}', ...fields },
    })
    const slot = (agent_id: string, fields: object = {}): Command => ({
      op: 'slot.acquire',
      input: { name: 's', agent_id, capacity: 2, ttl_sec: 60, ...fields },
    })
    const ready = async (...places: number[]) =>
      (await room.does<Prospects>({ op: 'waits.renew', input: { places } })).ready
    const placeOf = async (command: Command) =>
      ((await room.apply(command)).outcomes[0] as Done).place as number
    const { scope_id } = await room.does<Scope>(scope('ann', 'src/**'))
    const meets = [['*/x.ts', 'src/**']]
    t.match(await room.does(scope('bob', '*/x.ts')), { acquired: false, holders: [{ scope_id, meets }] })
    t.match(await room.does(lock('bob', 'src/x.ts')), { acquired: false, agent_id: 'ann', fence: scope_id })
    t.match(await room.does(lock('ann', 'src/x.ts')), { acquired: true })
    t.match(await room.does(lock('bob', 'test/x.ts')), { acquired: true })
    const wide = await placeOf(scope('eve', '**', { wait: 'join' }))
    t.match(await room.does(lock('dan', 'docs/y')), { acquired: false }, 'eve comes first')
    t.match(await room.does(lock('bob', 'docs/y')), { acquired: true }, 'eve waits for bob')
    t.strictSame(await ready(wide), [])
    room.waits(301)
    t.strictSame(await ready(wide), [wide], 'when all have expired')
    t.match(await room.does(scope('eve', '**', { wait: 'join' })), { acquired: true })

    for (const agent of ['ann', 'bob']) t.match(await room.does(slot(agent)), { acquired: true })
    const third = await placeOf(slot('eve', { wait: 'join' }))
    t.strictSame(await ready(third), [])
    const release = { name: 's', agent_id: 'ann', by_operator: false }
    await room.apply({ op: 'slot.release', input: release })
    t.strictSame(await ready(third), [third])
    t.match(await room.does(slot('dan')), { acquired: false, waiting: ['eve'] })
    t.match(await room.does(slot('eve', { wait: 'join' })), { acquired: true })
  })

  test('the oldest task that is free is the next one, claimed', async (t, room) => {
    const next = (agent_id: string, fields: object = {}): Command => ({
      op: 'task.next',
      input: { agent_id, ttl_sec: 60, ...fields },
    })
    for (const fields of [{ body: 'first\nmore' }, { to_agent: 'eve' }, { thread_id: 't' }])
      await room.apply(post('task', { kind: 'task', ...fields }))
    t.match(await room.does(next('ann')), { acquired: true, task_id: 1, title: 'first', assignee: 'ann' })
    t.match(await room.does(next('bob', { thread_id: 't' })), { task_id: 3, assignee: 'bob' })
    t.match(await room.does(next('bob')), { acquired: false })
    t.match(await room.does(next('eve')), { task_id: 2 })
    t.match(await room.does({ op: 'task.assign', input: { task_id: 1, agent_id: 'dan', ttl_sec: 60 } }), {
      assignee: 'dan',
    })
    await room.apply({ op: 'task.complete', input: { task_id: 1 } })
    t.match(await room.does({ op: 'task.assign', input: { task_id: 1, agent_id: 'ann', ttl_sec: 60 } }), {
      refused: 'task_done',
    })
    t.match(await room.does({ op: 'task.reopen', input: { task_id: 1 } }), {
      status: 'open',
      completed_at: null,
    })
    room.waits(61)
    t.match(await room.does(next('bob')), { task_id: 1 })
  })
}
