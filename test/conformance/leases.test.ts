// PROTOCOL §6, claims and locks: they behave alike, hence one table of tests run over both. What only
// claims have is in claims.test.ts. The tests that must see a lease expire all wait at the same time.

import t from 'tap'
import type { Claim, Lock } from '../../src/protocol/objects.js'
import { inParallel, refused, secondsAfter, unique } from './steps.js'
import { openTarget } from './target.js'

t.jobs = 16
const hub = await openTarget(t)

/** A claim or a lock, by the words that both have in common. */
interface Lease {
  readonly name: string
  readonly owner: string
  readonly since: string
  readonly until: string
  readonly released: string | null
  readonly metadata: Record<string, unknown>
}

interface Kind {
  readonly path: string
  /** The names of the key and of the owner in requests; `releasedBy` is the owner's in a release. */
  readonly key: string
  readonly owner: string
  readonly releasedBy: string
  /** A query and the fields of a lease that only it finds. */
  group(): { query: Record<string, string>; fields: Record<string, unknown>; owner: string }
  read(row: unknown): Lease
}

const CLAIMS: Kind = {
  path: '/v1/claims',
  key: 'claim_key',
  owner: 'owner_agent_id',
  releasedBy: 'agent_id',
  group() {
    const thread_id = unique('thread')
    return { query: { thread_id }, fields: { thread_id }, owner: unique('owner') }
  },
  read(row) {
    const { claim_key, owner_agent_id, claimed_at, expires_at, released_at, metadata } = row as Claim
    const times = { since: claimed_at, until: expires_at, released: released_at }
    return { name: claim_key, owner: owner_agent_id, ...times, metadata }
  },
}

const LOCKS: Kind = {
  path: '/v1/locks',
  key: 'file_path',
  owner: 'agent_id',
  releasedBy: 'agent_id',
  group() {
    const agent_id = unique('owner')
    return { query: { agent_id }, fields: {}, owner: agent_id }
  },
  read(row) {
    const { file_path, agent_id, locked_at, expires_at, released_at, metadata } = row as Lock
    const times = { since: locked_at, until: expires_at, released: released_at }
    return { name: file_path, owner: agent_id, ...times, metadata }
  },
}

const ttlOf = (lease: Lease) => (Date.parse(lease.until) - Date.parse(lease.since)) / 1_000
const expired = (lease: Lease) => secondsAfter(lease.until)

for (const kind of [CLAIMS, LOCKS]) {
  const { path } = kind
  const acquire = (name: string, owner: string, more: Record<string, unknown> = {}) =>
    hub.post(path, { [kind.key]: name, [kind.owner]: owner, ...more })
  const refresh = (name: string, owner: string, more: Record<string, unknown> = {}) =>
    hub.post(`${path}/refresh`, { [kind.key]: name, [kind.owner]: owner, ...more })
  const release = (name: string, owner: string) =>
    hub.post(`${path}/release`, { [kind.key]: name, [kind.releasedBy]: owner })
  const list = async (query: Record<string, string | boolean>) =>
    (await hub.get<unknown[]>(path, query)).result.map(kind.read)
  /** A lease that was just acquired, as the hub answered. */
  const taken = async (more: Record<string, unknown> = {}, name = unique('name'), owner = unique('owner')) =>
    kind.read((await acquire(name, owner, more)).result)

  t.test(`§6 ${path}: acquiring a free one is a 201 with acquired true`, async (t) => {
    const [name, owner] = [unique('name'), unique('owner')]
    const reply = await acquire(name, owner)
    t.equal(reply.status, 201)
    t.equal(reply.json.acquired, true)
    t.match(kind.read(reply.result), { name, owner, released: null, metadata: {} })
  })

  t.test(`§6 ${path}: ttl_sec defaults to 300 and is at least 5`, async (t) => {
    t.equal(ttlOf(await taken()), 300)
    t.equal(ttlOf(await taken({ ttl_sec: 5 })), 5)
    t.equal(ttlOf(await taken({ ttl_sec: 86_400 })), 86_400)
    const name = unique('name')
    for (const ttl_sec of [4, 0, -1, '4'])
      refused(t, hub, await acquire(name, 'a', { ttl_sec }), 400, /ttl_sec/)
    t.equal((await acquire(name, 'b')).json.acquired, true, 'a refusal took nothing')
  })

  t.test(
    `§6 ${path}: one that another holds is a 200 with acquired false and the holder's row`,
    async (t) => {
      const group = kind.group()
      const name = unique('name')
      const held = (await acquire(name, group.owner, { ...group.fields, metadata: { a: 1 } })).result
      const reply = await acquire(name, unique('other'), { ttl_sec: 999, metadata: { b: 2 } })
      t.equal(reply.status, 200)
      t.equal(reply.json.ok, true)
      t.equal(reply.json.acquired, false)
      t.strictSame(reply.result, held)
      t.strictSame(await list(group.query), [kind.read(held)], 'and nothing about it has changed')
    },
  )

  t.test(`§6 ${path}: the owner's own re-acquire only moves expires_at`, async (t) => {
    const first = await taken({ metadata: { a: 1 }, ttl_sec: 60 })
    await secondsAfter(first.since)
    const reply = await acquire(first.name, first.owner, { metadata: { b: 2 }, ttl_sec: 600 })
    t.equal(reply.status, 201)
    t.equal(reply.json.acquired, true)
    const again = kind.read(reply.result)
    t.strictSame({ ...again, until: '' }, { ...first, until: '' })
    t.ok(ttlOf(again) > 600, 'it counts from now')
    const shorter = kind.read((await acquire(first.name, first.owner, { ttl_sec: 30 })).result)
    t.ok(shorter.until < again.until, 'it may also come nearer')
  })

  t.test(`§6 ${path}: refresh by the owner moves expires_at, 300 s from now by default`, async (t) => {
    const first = await taken({ metadata: { a: 1 }, ttl_sec: 20 })
    await secondsAfter(first.since)
    const reply = await refresh(first.name, first.owner)
    t.equal(reply.status, 200)
    t.equal(reply.json.acquired, true)
    const fresh = kind.read(reply.result)
    t.strictSame({ ...fresh, until: '' }, { ...first, until: '' })
    t.ok(ttlOf(fresh) > 300 && ttlOf(fresh) < 310, `${ttlOf(fresh)} s`)
    t.equal(ttlOf(kind.read((await refresh(first.name, first.owner, { ttl_sec: 900 })).result)) >= 900, true)
  })

  const pastCalendar = `§6 ${path}: a ttl_sec past the calendar is a 400 that leaves the lease as it is`
  t.test(pastCalendar, { skip: !hub.ours && 'the bound is ours' }, async (t) => {
    const held = await taken({ ttl_sec: 200_000_000_000 })
    t.match(held.until, /^\d{4}-/, 'the longest one ends on a date')
    for (const ttl_sec of [200_000_000_001, 253_402_300_800, 2 ** 53 - 1]) {
      refused(t, hub, await refresh(held.name, held.owner, { ttl_sec }), 400, /ttl_sec must be at most/)
      refused(t, hub, await acquire(held.name, held.owner, { ttl_sec }), 400, /ttl_sec must be at most/)
    }
    t.equal((await acquire(held.name, unique('other'))).json.acquired, false, 'nobody else gets it')
    t.equal((await refresh(held.name, held.owner)).json.acquired, true, 'and its owner still has it')
  })

  t.test(`§6 ${path}: refresh with a ttl_sec below 5 is a 400`, async (t) => {
    const { name, owner } = await taken()
    refused(t, hub, await refresh(name, owner, { ttl_sec: 4 }), 400, /ttl_sec/)
  })

  t.test(`§6 ${path}: refresh and release by another, or of what nobody took, are a 404`, async (t) => {
    const { name, owner } = await taken()
    refused(t, hub, await refresh(name, unique('other')), 404)
    refused(t, hub, await release(name, unique('other')), 404)
    refused(t, hub, await refresh(unique('name'), owner), 404)
    refused(t, hub, await release(unique('name'), owner), 404)
    t.equal((await acquire(name, unique('other'))).json.acquired, false, 'the owner still holds it')
  })

  t.test(`§6 ${path}: release by the owner is a 200 and frees it`, async (t) => {
    const group = kind.group()
    const { name } = await taken(group.fields, unique('name'), group.owner)
    t.equal((await release(name, group.owner)).status, 200)
    const [row] = await list(group.query)
    t.match(row?.released, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'released_at')
    refused(t, hub, await release(name, group.owner), 404)
    refused(t, hub, await refresh(name, group.owner), 404)
  })

  t.test(`§6 ${path}: a released row is taken over whole`, async (t) => {
    const first = await taken({ metadata: { a: 1 }, ttl_sec: 60 })
    await release(first.name, first.owner)
    await secondsAfter(first.since)
    const owner = unique('other')
    const reply = await acquire(first.name, owner, { metadata: { b: 2 } })
    t.equal(reply.status, 201)
    t.equal(reply.json.acquired, true)
    const second = kind.read(reply.result)
    t.match(second, { name: first.name, owner, released: null })
    t.strictSame(second.metadata, { b: 2 })
    t.ok(second.since > first.since)
    t.equal(ttlOf(second), 300)
  })

  t.test(`§6 ${path}: the former owner, too, takes a released row over whole`, async (t) => {
    const first = await taken({ metadata: { a: 1 } })
    await release(first.name, first.owner)
    await secondsAfter(first.since)
    const second = await taken({ metadata: { b: 2 } }, first.name, first.owner)
    t.strictSame(second.metadata, { b: 2 })
    t.equal(second.released, null)
    t.ok(second.since > first.since)
  })

  t.test(`§6 ${path}: an expired row is taken over whole`, async (t) => {
    const first = await taken({ metadata: { a: 1 }, ttl_sec: 5 })
    t.equal((await acquire(first.name, unique('other'))).json.acquired, false, 'not before it expires')
    await expired(first)
    const owner = unique('other')
    const reply = await acquire(first.name, owner)
    t.equal(reply.status, 201)
    t.equal(reply.json.acquired, true)
    const second = kind.read(reply.result)
    t.match(second, { owner, released: null })
    t.strictSame(second.metadata, {})
    t.ok(second.since > first.since)
  })

  t.test(`§6 ${path}: the former owner, too, takes an expired row over whole`, async (t) => {
    const first = await taken({ metadata: { a: 1 }, ttl_sec: 5 })
    await expired(first)
    const second = await taken({ metadata: { b: 2 } }, first.name, first.owner)
    t.strictSame(second.metadata, { b: 2 })
    t.ok(second.since > first.since)
  })

  t.test(`§6 ${path}: an expired one cannot be refreshed or released`, async (t) => {
    const { name, owner, ...first } = await taken({ ttl_sec: 5 })
    await expired({ name, owner, ...first })
    refused(t, hub, await refresh(name, owner), 404)
    refused(t, hub, await release(name, owner), 404)
  })

  t.test(`§6 ${path}: active_only leaves out what is released or expired`, async (t) => {
    const group = kind.group()
    const [expiring, released, held] = [unique('name'), unique('name'), unique('name')]
    const first = await taken({ ...group.fields, ttl_sec: 5 }, expiring, group.owner)
    for (const name of [released, held]) await acquire(name, group.owner, group.fields)
    await release(released, group.owner)
    const names = async (active_only: boolean) =>
      (await list({ ...group.query, active_only })).map((lease) => lease.name).sort()
    t.strictSame(await names(true), [expiring, held].sort())
    await expired(first)
    t.strictSame(await names(true), [held])
    t.strictSame(await names(false), [expiring, released, held].sort())
    t.equal((await list(group.query)).length, 3, 'active_only defaults to false')
  })

  t.test(`§6 ${path}: rows come by the time they were taken`, async (t) => {
    const group = kind.group()
    // Names run against time, so that an order by name fails.
    const names = ['c', 'b', 'a'].map((letter) => unique(letter))
    for (const name of names) {
      const { since } = kind.read((await acquire(name, group.owner, group.fields)).result)
      await secondsAfter(since)
    }
    await refresh(names[0] ?? '', group.owner, { ttl_sec: 900 })
    t.strictSame(
      (await list(group.query)).map((lease) => lease.name),
      names,
    )
  })

  t.test(`§6 ${path}: the query narrows the list`, async (t) => {
    const [group, other] = [kind.group(), kind.group()]
    await acquire(unique('name'), group.owner, group.fields)
    await acquire(unique('name'), other.owner, other.fields)
    t.strictSame(
      (await list(group.query)).map((lease) => lease.owner),
      [group.owner],
    )
    const all = (await list({ active_only: true })).map((lease) => lease.owner)
    t.ok(all.includes(group.owner) && all.includes(other.owner), 'without one it has them all')
  })

  t.test(`§6 ${path}: of 20 concurrent acquires exactly one gets true`, async (t) => {
    for (let round = 0; round < 5; round++) {
      const name = unique('name')
      const replies = await Promise.all(Array.from({ length: 20 }, (_, i) => acquire(name, `agent-${i}`)))
      t.equal(replies.filter((reply) => reply.json.acquired === true).length, 1)
      t.strictSame(replies.map((reply) => reply.status).sort(), [...Array(19).fill(200), 201])
      t.equal(new Set(replies.map((reply) => kind.read(reply.result).owner)).size, 1, 'all name one holder')
    }
  })

  t.test(`§6 ${path}: of 20 concurrent acquires of a released one exactly one gets true`, async (t) => {
    const { name, owner } = await taken()
    await release(name, owner)
    const replies = await inParallel(20, (i) => acquire(name, `agent-${i}`))
    t.equal(replies.filter((reply) => reply.json.acquired === true).length, 1)
  })

  t.test(`§6 ${path}: of concurrent releases exactly one succeeds`, async (t) => {
    const { name, owner } = await taken()
    const replies = await inParallel(10, () => release(name, owner))
    t.strictSame(replies.map((reply) => reply.status).sort(), [200, ...Array(9).fill(404)])
  })
}
