// A client at a hub of version 1: what that hub allows works, and what it does not know is refused by the name of the
// feature, never done by half.

import t from 'tap'
import { ArcClient } from '../../src/sdk/index.js'
import { startV1Hub } from '../support/v1-hub.js'
import { until } from '../support/waiting.js'

t.test('at a hub of version 1', async (t) => {
  const { url } = await startV1Hub(t)
  const open = async (agentId: string) => {
    const client = await ArcClient.quickstart(agentId, { baseUrl: url })
    t.teardown(() => client.close())
    return client
  }
  const [me, other] = [await open('me'), await open('other')]

  t.notOk((await me.hubInfo()).features.some((feature) => feature.startsWith('arc:')))

  await t.test('polls, loops, claims, locks, tasks and calls work', async (t) => {
    const { id, recipient } = await other.dm('me', 'hello')
    t.equal(recipient, undefined)
    t.match(await me.poll({ timeout: 5 }), [{ id, body: 'hello' }])
    t.strictSame(await me.poll({ timeout: 0 }), [])
    const bodies: string[] = []
    const ending = new AbortController()
    const reading = me.onMessage(({ body }) => bodies.push(body), { signal: ending.signal })
    await until('the loop to see a message', async () => {
      await other.dm('me', 'again')
      return bodies.includes('again')
    })
    ending.abort()
    await reading
    t.match(await me.lock('a.ts'), { acquired: true })
    t.match(await other.lock('a.ts'), { acquired: false })
    const waiting = other.lock('a.ts', { wait: 20 })
    await me.unlock('a.ts')
    t.match(await waiting, { acquired: true }, 'by trying again')
    await other.unlock('a.ts')
    t.equal(await me.withLock('a.ts', ({ fence }) => fence), undefined)
    t.match(await me.claim('key'), { acquired: true })
    await me.release('key')
    const task = await other.post('work', { kind: 'task' })
    t.match(await me.completeTask(task.id), { task: { status: 'done' } })
    const stop = new AbortController()
    const serving = me.serve(({ body }) => `did ${body}`, { signal: stop.signal })
    t.match(await other.call('me', 'this', { timeout: 20 }), { body: 'did this' })
    stop.abort()
    await serving
    t.match(await me.listAgents(), [{ agent_id: 'me' }, { agent_id: 'other' }])
  })

  await t.test('what it does not know is refused, and nothing happens', async (t) => {
    const unsupported = { code: 'unsupported', message: /does not announce arc:mailbox.*newer version/ }
    await t.rejects(me.receipts(1), unsupported)
    await t.rejects(me.undelivered(), unsupported)
    await t.rejects(me.mailbox(), unsupported)
    await t.rejects(me.agent('other'), unsupported)
    await t.rejects(me.message(1), unsupported)
    await t.rejects(me.ack(1), unsupported)
    const fencing = { code: 'unsupported', message: /arc:fencing/ }
    await t.rejects(me.post('x', { under: { lock: 'a.ts', fence: 1 } }), fencing)
    await t.rejects(me.refreshLock('a.ts', { fence: 1 }), fencing)
    await t.rejects(me.unlock('a.ts', { byOperator: true }), fencing)
    await t.rejects(me.completeTask(1, { under: { fence: 1 } }), fencing)
    const scopes = { code: 'unsupported', message: /arc:scopes/ }
    await t.rejects(me.scope('src/**'), scopes)
    await t.rejects(me.slot('build'), scopes)
    await t.rejects(me.listScopes(), scopes)
    const ready = { code: 'unsupported', message: /arc:ready/ }
    await t.rejects(me.nextTask(), ready)
    await t.rejects(me.reopenTask(1), ready)
    await t.rejects(me.inbox({ beforeId: 5 }), unsupported)
    await t.rejects(me.listMessages({ channel: 'general', beforeId: 5 }), unsupported)
    const before = await me.listMessages({ channel: 'general' })
    await t.rejects(me.dm('nobody', 'x', { toMustExist: true }), unsupported)
    await t.rejects(me.post('x', { ifLatest: 1 }), unsupported)
    t.strictSame(await me.listMessages({ channel: 'general' }), before)
  })
})
