// What every storage backend does, whatever its engine: the rules of PROTOCOL §3–§9 over its statements, one batch a
// transaction, ids without a gap in the order of commits. By a clock that the test sets.

import t, { type Test } from 'tap'
import type { Message, Session, Task, ThreadSummary } from '../../src/protocol/objects.js'
import type { Command, IdempotencyKey, Query, Submission } from '../../src/storage/commands.js'
import type { Done } from '../../src/storage/outcome.js'
import {
  agents,
  claim,
  lock,
  type OpenTested,
  open,
  PRESENCE_TTL_SEC,
  post,
  Room,
  resultOf,
  tasks,
  threads,
} from './backend-room.js'
import { leaseSuite } from './leases.suite.js'

export function backendSuite(openTested: OpenTested): void {
  const test = (name: string, run: (t: Test, room: Room) => Promise<void>) =>
    t.test(name, async (t) => run(t, await Room.open(t, openTested)))
  leaseSuite(test)

  test('ids are given out in order, without a gap, also around a refusal', async (t, room) => {
    const { outcomes, messages } = await room.apply(
      post('1'),
      post('lost', { channel: 'nowhere' }),
      post('2'),
    )
    t.match(outcomes[1], { code: 'invalid_request' })
    t.strictSame(
      messages.map(({ id }) => id),
      [1, 2],
    )
    t.strictSame(
      (await room.apply(post('3'))).messages.map(({ id }) => id),
      [3],
    )
    t.equal(await room.backend.latestId(), 3)
    t.strictSame(
      (await room.backend.messagesAfter(1, 10))?.map(({ id }) => id),
      [2, 3],
    )
    t.equal(await room.backend.messagesAfter(0, 2), undefined, 'more than were asked for')
    t.strictSame(await room.bodies(), ['1', '2', '3'])
  })

  test('a page is what its filter says, in id order, or the newest for a tail', async (t, room) => {
    await room.apply({ op: 'channel.create', input: { name: 'side', metadata: '{}' } })
    await room.apply(
      post('1'),
      post('2', { to_agent: 'bob' }),
      post('3', { channel: 'side', thread_id: 't' }),
      post('4'),
    )
    t.strictSame(await room.bodies({ agentId: 'bob' }), ['1', '2', '3', '4'])
    t.strictSame(await room.bodies({ agentId: 'eve' }), ['1', '3', '4'])
    t.strictSame(await room.bodies({ agentId: 'ann', excludeSelf: true }), [])
    t.strictSame(await room.bodies({ threadId: 't' }), ['3'])
    t.strictSame(await room.bodies({ channels: ['general', 'side'], tail: true, limit: 2 }), ['3', '4'])
    const { upToId } = await room.backend.page({ agentId: 'eve', sinceId: 0, limit: 1 })
    t.equal(upToId, 1, 'what follows was not looked through')
    const unknown = await Promise.resolve()
      .then(() => room.bodies({ channels: ['nowhere'] }))
      .catch((error) => error)
    t.match(unknown, { code: 'not_found' })
    const inbox: Query = { op: 'inbox.list', input: { agent_id: 'bob', since_id: 0, limit: 5, tail: false } }
    t.strictSame(
      (await room.asks<Message[]>(inbox)).map(({ body }) => body),
      ['2'],
    )
  })

  test('a key gives the outcome of the first request again, a refusal as well', async (t, room) => {
    const key = (name: string, requestHash = 'h'): IdempotencyKey => ({
      scope: 'http',
      key: name,
      requestHash,
    })
    const keyed = (command: Command, idempotency: IdempotencyKey): Submission => ({ command, idempotency })
    const submissions = [
      keyed(post('once'), key('post')),
      keyed(claim('ann', 'k'), key('claim')),
      keyed(post('lost', { channel: 'nowhere' }), key('refusal')),
    ]
    const first = await room.submit(submissions)
    const again = await room.submit(submissions)
    t.strictSame(again.outcomes.map(resultOf), first.outcomes.map(resultOf))
    t.ok(again.outcomes.every((outcome) => typeof outcome === 'object' && outcome.isReplayed))
    t.match(again.outcomes[0], { isNew: true })
    t.match(again.outcomes[1], { isNew: true, beside: { acquired: true } })
    t.strictSame(again.messages, [])
    const other = await room.submit([keyed(post('other'), key('post', 'another request'))])
    t.match(other.outcomes[0], { code: 'idempotency_key_reused' })
    const late = await room.submit([keyed(post('late'), { ...key('unused'), replayOnly: true })])
    t.match(late.outcomes[0], { code: 'request_expired' })
    room.waits(25 * 3_600)
    t.type(
      (await room.submit([keyed(post('once'), key('post'))])).outcomes[0],
      'string',
      'a day later it is another request',
    )
  })

  test('a session expires by its own presence TTL, else by that of the hub', async (t, room) => {
    await room.apply(
      open('ann'),
      open('bob', { presence_ttl_sec: 600 }),
      open('eve', { presence_ttl_sec: 30 }),
    )
    const live = async () => (await room.asks<Session[]>(agents)).map(({ agent_id }) => agent_id)
    const ends = async (sec: number) => {
      room.waits(sec)
      const before = await live()
      await room.apply({ op: 'sessions.expire', input: {} })
      t.strictSame(await live(), before, 'what has expired is not listed, even before it is ended')
      t.notOk(await room.backend.hasExpired())
      return before
    }
    t.strictSame(await ends(31), ['ann', 'bob'])
    t.strictSame(await ends(90), ['bob'])
    t.match(await room.does(open('bob')), { refused: 'session_exists' })
    t.match(await room.does(open('bob', { reuse: true })), { presence_ttl_sec: 600, isNew: undefined })
    t.strictSame(await ends(480), [])
    t.match(await room.does({ op: 'session.alive', input: { agent_id: 'bob' } }), { refused: 'not_found' })
    t.match(await room.does(open('bob', { reuse: true })), { presence_ttl_sec: undefined })
  })

  test('after a suspension a presence TTL of its own counts anew', async (t, room) => {
    await room.apply(open('ann'), open('bob', { presence_ttl_sec: 600 }))
    const suspendedAtMs = room.nowMs + 60_000
    room.waits(7_200)
    await room.apply({ op: 'sessions.spare', input: { suspendedAtMs } })
    t.notOk(await room.backend.hasExpired())
    room.waits(121)
    t.strictSame(
      (await room.asks<Session[]>(agents)).map(({ agent_id }) => agent_id),
      ['bob'],
    )
  })

  test('who shows no sign of life expires, and what they held is released and told of', async (t, room) => {
    await room.apply(
      open('ann'),
      open('bob'),
      claim('ann', 'k', { thread_id: 't' }),
      lock('ann', 'p', '{"thread_id":"t"}'),
    )
    await room.apply(post('in the thread', { thread_id: 't' }))
    t.match(await room.does(open('ann')), { refused: 'session_exists' })
    room.waits(PRESENCE_TTL_SEC - 1)
    await room.submit([], ['bob'])
    room.waits(2)
    t.equal(await room.backend.hasExpired(), true)
    const present = (await room.asks<Session[]>({ op: 'agents.list', input: {} })).map(
      ({ agent_id }) => agent_id,
    )
    t.strictSame(present, ['bob'], 'also before anything was expired')
    const told = { from_agent: 'system', kind: 'notice' }
    const claimTold = { ...told, metadata: { recovery: true, stale_agent_id: 'ann', claim_key: 'k' } }
    const lockTold = { ...told, metadata: { recovery: true, stale_agent_id: 'ann', file_path: 'p' } }
    const { messages } = await room.apply({ op: 'sessions.expire', input: {} })
    t.match(
      messages.map(({ json }) => JSON.parse(json)),
      [
        { ...claimTold, to_agent: null, thread_id: 't' },
        { ...claimTold, to_agent: 'ann', thread_id: null },
        { ...lockTold, to_agent: null, thread_id: 't' },
        { ...lockTold, to_agent: 'ann', thread_id: null },
      ],
    )
    t.equal(await room.backend.hasExpired(), false)
    t.match(await room.does(claim('bob', 'k')), { acquired: true })
    t.match(await room.does(open('ann')), { agent_id: 'ann', active: true })
  })

  test('after a suspension whoever was there has one presence TTL to show up again', async (t, room) => {
    await room.apply(open('gone'))
    room.waits(PRESENCE_TTL_SEC + 1)
    await room.apply(open('ann'))
    const suspendedAtMs = room.nowMs
    room.waits(3_600)
    await room.apply({ op: 'sessions.spare', input: { suspendedAtMs } }, { op: 'sessions.expire', input: {} })
    const present = async () =>
      (await room.asks<Session[]>({ op: 'agents.list', input: {} })).map((s) => s.agent_id)
    t.strictSame(await present(), ['ann'])
    room.waits(PRESENCE_TTL_SEC + 1)
    t.strictSame(await present(), [])
  })

  test('a task is completed once, with its parent when it was the last one', async (t, room) => {
    const { messages } = await room.apply(post('parent', { kind: 'task', thread_id: 't' }))
    const parent = messages[0]?.id as number
    const ids = (
      await room.apply(...['a', 'b'].map((body) => post(body, { kind: 'task', parent_task_id: parent })))
    ).messages
    const complete = (task_id: number): Command => ({ op: 'task.complete', input: { task_id } })
    t.match(await room.does<Task>(complete(ids[0]?.id as number)), {
      status: 'done',
      parent_completed: undefined,
    })
    t.match(await room.does<Task>(complete(ids[1]?.id as number)), { status: 'done', parent_completed: true })
    t.match(await room.does<Task>(complete(parent)), { status: 'done' })
    t.match(await room.does(complete(99)), { refused: 'not_found' })
    t.match(await room.does(post('orphan', { parent_task_id: 99 })), { refused: 'invalid_request' })
    const asked = (await room.apply(post('do it', { kind: 'task_request' }))).messages[0]?.id as number
    const result = await room.does<Message>(post('done', { kind: 'task_result', reply_to: asked }))
    t.match(result, { metadata: { task_completed: asked } })
    t.equal((await room.asks<Task[]>(tasks({ status: 'open' }))).length, 0)
  })

  test('threads and tasks come whole, or in pages that leave out nothing', async (t, room) => {
    for (let i = 0; i < 7; i++)
      await room.apply(post(`${i}`, { thread_id: `t${i}`, kind: i % 2 ? 'task' : 'chat' }))
    for (const name of ['x', 'y', 'z']) await room.apply(claim('ann', name, { thread_id: `claimed-${name}` }))
    await room.apply(
      { op: 'claim.release', input: { claim_key: 'x', agent_id: 'ann', by_operator: false } },
      claim('ann', 'x', { thread_id: 't1' }),
    )
    const whole = await room.asks<ThreadSummary[]>(threads())
    const names = whole.map(({ thread_id }) => thread_id)
    t.strictSame(names, ['t6', 't5', 't4', 't3', 't2', 't1', 't0', 'claimed-z', 'claimed-y'])
    t.match(whole[5], {
      root_task_id: 2,
      open_task_count: 1,
      total_task_count: 1,
      active_claim_count: 1,
      status: 'open',
    })
    for (const limit of [1, 2, 4, 9, 10]) {
      const paged: ThreadSummary[] = []
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const page: Done = await room.backend.query(
          threads({ limit, ...(cursor !== undefined && { cursor }) }),
        )
        paged.push(...(JSON.parse(page.result) as ThreadSummary[]))
        cursor = page.beside?.next ?? null
      }
      t.strictSame(paged, whole, `in pages of ${limit}`)
    }
    const page = await room.backend.query(tasks({ limit: 2 }))
    t.equal(page.beside?.next, '4')
    t.equal((await room.asks<Task[]>(tasks({ limit: 2, since_id: 4 }))).length, 1)
    const wrong = await Promise.resolve()
      .then(() => room.backend.query(threads({ limit: 1, cursor: 'x' })))
      .catch((e) => e)
    t.match(wrong, { code: 'invalid_request' })
  })

  test('a shutdown is pending until it is cancelled or fires, and each step is told', async (t, room) => {
    const begin: Command = { op: 'shutdown.begin', input: { delay_sec: 60 } }
    t.match(await room.does(begin), { status: 'shutdown_initiated', remaining_sec: 60 })
    t.match(await room.does(begin), { refused: 'shutdown_pending' })
    room.waits(20)
    t.match(await room.asks({ op: 'shutdown.get', input: {} }), { remaining_sec: 40, delay_sec: 60 })
    await room.apply({ op: 'shutdown.cancel', input: {} })
    t.match(await room.does({ op: 'shutdown.fire', input: {} }), { refused: 'no_shutdown_pending' })
    t.equal(await room.backend.pendingShutdown(), undefined)
    t.equal((await room.bodies()).length, 2)
  })
}
