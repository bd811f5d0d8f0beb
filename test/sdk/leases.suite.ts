// What ArcClient does with leases and tasks at a real hub, by each way: waiting in line, work under a lock, fences, scopes,
// slots, and the next task.

import { setTimeout as delay } from 'node:timers/promises'
import type { HeldLock, Task } from '../../src/sdk/index.js'
import { until } from '../support/waiting.js'
import { failure } from './clients.js'
import { testsOver, type Way } from './room.js'

export function leaseSuite(way: Way): void {
  const { test, sameByAnyWay } = testsOver(way)

  test('lock and claim wait in line, for as long as they are told', async (t, { agent }) => {
    const [a, b, c] = [agent('a'), agent('b'), agent('c')]
    const first = await a.lock('x.ts')
    t.ok((first.fence as number) > 0)
    t.match(await b.lock('x.ts'), { acquired: false, lock: { agent_id: 'a' }, fence: first.fence })
    const waiting = b.lock('x.ts', { wait: 30 })
    await until('b to wait', async () => (await a.listLocks())[0]?.waiting?.join() === 'b')
    const late = await c.lock('x.ts', { wait: 0.5 })
    t.match(late, { acquired: false, lock: { agent_id: 'a' } })
    t.strictSame(late.waiting, ['b'], 'c waits no longer')
    await a.unlock('x.ts')
    const second = await waiting
    t.match(second, { acquired: true, lock: { agent_id: 'b' } })
    t.ok((second.fence as number) > (first.fence as number))
    await a.claim('key')
    const claiming = b.claim('key', { wait: 30 })
    await until('b to wait', async () => (await a.listClaims())[0]?.waiting?.join() === 'b')
    await a.release('key')
    t.match(await claiming, { acquired: true, claim: { owner_agent_id: 'b' } })
  })

  test('a wait that is aborted waits no longer', async (t, { agent }) => {
    const [a, b] = [agent('a'), agent('b')]
    await a.lock('x.ts')
    const abort = new AbortController()
    const waiting = failure(b.lock('x.ts', { wait: 30, signal: abort.signal }))
    const waitingNow = async () => (await a.listLocks())[0]?.waiting ?? []
    await until('b to wait', async () => (await waitingNow()).length === 1)
    abort.abort('enough')
    t.match(await waiting, { code: 'aborted' })
    await until('b to be gone from the line', async () => (await waitingNow()).length === 0)
  })

  sameByAnyWay('paths are one path however they are written', async (t, { agent }) => {
    const [a, b] = [agent('a'), agent('b')]
    t.match(await a.lock('./src//cafe\u0301.ts'), { lock: { file_path: 'src/caf\u00e9.ts' } })
    for (const path of ['src\\caf\u00e9.ts', 'src/./caf\u00e9.ts/', 'src/cafe\u0301.ts'])
      t.match(await b.lock(path), { acquired: false, lock: { agent_id: 'a' } }, path)
    await a.refreshLock('.\\src\\caf\u00e9.ts')
    await a.unlock('src//caf\u00e9.ts')
    t.match(await b.withLock('./src/caf\u00e9.ts', ({ lock }) => lock), { file_path: 'src/caf\u00e9.ts' })
  })

  test('withLock holds the lock while the work runs, and releases it', async (t, { agent }) => {
    const [a, b] = [agent('a'), agent('b')]
    const result = await a.withLock('x.ts', async ({ lock, fence, signal }) => {
      t.match(lock, { agent_id: 'a', file_path: 'x.ts' })
      t.notOk(signal.aborted)
      t.match(await b.lock('x.ts'), { acquired: false, fence })
      return 5
    })
    t.equal(result, 5)
    t.match(await b.lock('x.ts'), { acquired: true })
    const refused = await failure(a.withLock('x.ts', () => t.fail('not granted'), { wait: 0 }))
    t.match(refused, { code: 'not_acquired', status: 409, beside: { holder: { agent_id: 'b' } } })
    await b.unlock('x.ts')
    const thrown = new Error('the work failed')
    t.equal(await a.withLock('x.ts', () => Promise.reject(thrown)).catch((error) => error), thrown)
    t.match(await b.lock('x.ts'), { acquired: true }, 'released as well')
  })

  sameByAnyWay('withLock refreshes the lock, longer than its TTL', async (t, { agent }) => {
    const [a, b] = [agent('a'), agent('b')]
    await a.withLock(
      'x.ts',
      async ({ lock, signal }) => {
        await until('it to be refreshed twice', async () => {
          const [row] = await b.listLocks()
          return Date.parse(row?.expires_at ?? '') > Date.parse(lock.expires_at) + 2_000
        })
        t.notOk(signal.aborted)
        t.match(await b.lock('x.ts'), { acquired: false })
      },
      { ttlSec: 5 },
    )
  })

  sameByAnyWay('withLock aborts the work that has lost its lock, and rejects', async (t, { agent }) => {
    const [a, b, boss] = [agent('a'), agent('b'), agent('boss')]
    let held: HeldLock | undefined
    const work = failure(
      a.withLock(
        'x.ts',
        async (given) => {
          held = given
          await boss.unlock('x.ts', { byOperator: true })
          t.match(await b.lock('x.ts'), { acquired: true })
          await until('the signal', () => given.signal.aborted)
          return 'done nevertheless'
        },
        { ttlSec: 5 },
      ),
    )
    t.match(await work, { code: 'lease_lost', message: /x\.ts/ })
    t.match(held?.signal.reason, { code: 'lease_lost' })
    t.match(await boss.listLocks({ activeOnly: true }), [{ agent_id: 'b' }], 'and b still has it')
    const late = a.post('late', { under: { lock: './x.ts', fence: held?.fence as number } })
    t.match(await failure(late), { code: 'stale_fence', beside: { holder: { agent_id: 'b' } } })
    t.match(await a.inbox(), [{ from_agent: 'system', metadata: { by_operator: true, released_by: 'boss' } }])
  })

  sameByAnyWay('what is done under a fence is refused when it is old', async (t, { agent }) => {
    const [a, b] = [agent('a'), agent('b')]
    const task = await a.createTask('Fix it')
    const { fence = 0 } = await a.claim(task.id)
    const under = { claim: task.id, fence }
    t.match(await a.post('progress', { under }), { body: 'progress' })
    await a.release(task.id, { fence })
    await b.claim(task.id)
    const refusals = [
      a.post('late', { under }),
      a.completeTask(task.id, { under: { fence } }),
      a.claim(task.id, { fence }),
      a.refreshClaim(task.id, { fence }),
      a.release(task.id, { fence }),
    ]
    for (const refused of await Promise.all(refusals.map(failure)))
      t.match(refused, { code: 'stale_fence', status: 409 })
  })

  sameByAnyWay('scopes keep each other out, and are kept', async (t, { agent }) => {
    const [a, b] = [agent('a'), agent('b')]
    const { scope, fence } = await a.scope(['./src//**', 'docs/*.md'], { reason: 'a rename' })
    t.match(scope, { globs: ['src/**', 'docs/*.md'], mode: 'exclusive', reason: 'a rename' })
    t.equal(fence, scope?.scope_id)
    t.match(await b.scope('src/*.ts', { wait: 0.2 }), {
      acquired: false,
      scope: null,
      holders: [{ kind: 'scope', agent_id: 'a', meets: [['src/*.ts', 'src/**']] }],
    })
    t.match(await b.lock('src/x.ts'), {
      acquired: false,
      holders: [{ kind: 'scope' }],
      lock: { agent_id: 'a' },
    })
    t.match(await b.listScopes({ path: './docs/a.md' }), [{ agent_id: 'a' }])
    t.strictSame(await b.listScopes({ path: 'other' }), [])
    const waiting = b.scope('src/x.ts', { mode: 'shared', wait: 30 })
    await a.refreshScope(scope?.scope_id ?? 0)
    await a.releaseScope(scope?.scope_id ?? 0)
    t.match(await waiting, { acquired: true, scope: { mode: 'shared' } })
    t.match(await failure(a.scope('!src')), { status: 400, message: /begin with !/ })
    t.match(await a.agent('b').catch((error) => error), { code: 'not_found' }, 'b has no session')
  })

  sameByAnyWay('slots are held by as many as there is room for', async (t, { agent }) => {
    const [a, b, c] = [agent('a'), agent('b'), agent('c')]
    for (const client of [a, b]) t.match(await client.slot('build', { capacity: 2 }), { acquired: true })
    t.match(await c.slot('build', { capacity: 2 }), { acquired: false, holders: [{}, {}] })
    const waiting = c.slot('build', { capacity: 2, wait: 30 })
    await a.refreshSlot('build')
    await a.releaseSlot('build')
    t.match(await waiting, { acquired: true, slot: { agent_id: 'c', name: 'build' } })
    await a.releaseSlot('build', { byOperator: true, holder: 'b' })
    t.match(await a.listSlots({ name: 'build' }), [{ agent_id: 'c' }])
  })

  test('a client that closes lets go of what it keeps, and of nothing else', async (t, { agent }) => {
    const [a, b] = [agent('a'), agent('b')]
    await a.register()
    const { scope } = await a.scope('docs/**')
    await Promise.all([
      a.lock('x.ts'),
      a.lock('later.ts', { keep: false }),
      a.claim('release'),
      a.slot('build'),
    ])
    t.ok(scope)
    await a.close()
    t.match(await b.listLocks({ activeOnly: true }), [{ file_path: 'later.ts' }])
    t.strictSame(await b.listClaims({ activeOnly: true }), [])
    t.strictSame([...(await b.listScopes()), ...(await b.listSlots())], [])
  })

  test('a client whose agent is another client by now leaves alone what the agent holds', async (t, {
    agent,
  }) => {
    const [old, next, b] = [agent('a'), agent('a'), agent('b')]
    await old.register()
    await old.lock('x.ts')
    await next.register({ replace: true })
    await old.close()
    t.match(await b.listLocks({ activeOnly: true }), [{ file_path: 'x.ts', agent_id: 'a' }])
  })

  test('nextTask takes a task, or waits for one', async (t, { agent }) => {
    const [a, b] = [agent('a'), agent('b')]
    t.equal(await a.nextTask(), null)
    const waiting = a.nextTask({ threadId: 't', wait: 30 })
    const { id } = await b.createTask('Fix the parser\nIt fails.', { threadId: 't' })
    const taken = await waiting
    t.match(taken, { task: { task_id: id, title: 'Fix the parser', from_agent: 'b', assignee: 'a' } })
    t.equal(await b.nextTask({ wait: 0.2 }), null)
    await a.completeTask(id, { under: { fence: taken?.fence as number } })
    t.strictSame(await b.listClaims({ activeOnly: true }), [], 'who has completed a task holds it no longer')
    t.match(await b.reopenTask(id), { status: 'open' } satisfies Partial<Task>)
    await a.claim(id)
    t.match(await b.assignTask(id, 'c', { ttlSec: 60 }), { assignee: 'c' })
    t.match(await a.inbox(), [{ metadata: { task_assigned: id, by: 'b', former_assignee: 'a' } }])
  })

  sameByAnyWay('work of one client on one file runs one after the other', async (t, { agent }) => {
    const [a, b] = [agent('a'), agent('b')]
    const told: string[] = []
    const work = (name: string) => async () => {
      told.push(`${name} begins`)
      t.match(await b.lock('x.ts', { keep: false }), { acquired: false })
      await delay(100)
      told.push(`${name} ends`)
    }
    await Promise.all([
      a.withLock('x.ts', work('one')),
      a.withLock('./x.ts', work('two')),
      t.rejects(a.withLock('x.ts', work('three'), { wait: 0.02 }), {
        code: 'not_acquired',
        message: /this client/,
      }),
    ])
    t.strictSame(told, ['one begins', 'one ends', 'two begins', 'two ends'])
    t.match(await b.lock('x.ts', { keep: false }), { acquired: true })
  })

  sameByAnyWay('work under a lock that the client has leaves it', async (t, { agent }) => {
    const [a, b] = [agent('a'), agent('b')]
    await a.lock('x.ts')
    await a.withLock('x.ts', () => {})
    t.match(await b.lock('x.ts'), { acquired: false, lock: { agent_id: 'a' } })
    await a.unlock('x.ts')
    t.match(await b.lock('x.ts'), { acquired: true })
  })

  sameByAnyWay('work hears that its own client has released the lock', async (t, { agent }) => {
    const a = agent('a')
    const working = a.withLock('x.ts', async ({ signal }) => {
      await a.lock('x.ts')
      t.notOk(signal.aborted, 'but not of a lock that was taken once more')
      await a.unlock('x.ts')
      return signal.aborted
    })
    await t.rejects(working, { code: 'lease_lost' })
  })

  sameByAnyWay('a refused release ends nothing', async (t, { agent }) => {
    const [a, b] = [agent('a'), agent('b')]
    await Promise.all([a.lock('x.ts', { ttlSec: 5 }), a.slot(' s ', { capacity: 1, ttlSec: 5 })])
    await t.rejects(a.unlock('x.ts', { fence: 0 }), { code: 'stale_fence' })
    await t.rejects(a.unlock('x.ts', { signal: AbortSignal.abort() }), { code: 'aborted' })
    await a.releaseSlot('s')
    await delay(6_000)
    t.match(await b.lock('x.ts'), { acquired: false, lock: { agent_id: 'a' } })
    t.match(await b.slot('s', { capacity: 1 }), { acquired: true })
  })

  test('a client without a session releases what it keeps, too', async (t, { agent }) => {
    const [a, b] = [agent('a', { timeout: 1.2345 }), agent('b')]
    await a.lock('x.ts')
    await a.close()
    t.match(await b.lock('x.ts'), { acquired: true })
  })
}
