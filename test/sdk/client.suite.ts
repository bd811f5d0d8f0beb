// What ArcClient does with a real hub, whatever the way to it, call by call: sessions, channels and
// messages, threads, claims, locks and tasks. Run once for each transport.

import { until } from '../support/waiting.js'
import { failure } from './clients.js'
import { idsOf, testsOver, type Way } from './room.js'

export function clientSuite(way: Way): void {
  const { test, sameByAnyWay } = testsOver(way)

  // Sessions and presence

  test('register opens a session with what it is given', async (t, { agent }) => {
    const a = agent('a')
    const session = await a.register({ displayName: 'Ada', capabilities: ['rust'], metadata: { model: 'x' } })
    t.match(session, {
      agent_id: 'a',
      display_name: 'Ada',
      capabilities: ['rust'],
      metadata: { model: 'x' },
      active: true,
    })
    t.match(await agent('b').listAgents({ capability: 'rust' }), [{ session_id: session.session_id }])
    t.same(await agent('b').listAgents({ capability: 'cobol' }), [])
  })

  sameByAnyWay('a second session of an agent needs replace', async (t, { agent }) => {
    const first = await agent('a').register()
    const second = agent('a')
    const refused = await failure(second.register())
    t.match(refused, { code: 'session_exists', status: 409 })
    const session = await second.register({ replace: true })
    t.not(session.session_id, first.session_id)
  })

  sameByAnyWay('whoami opens a session only where there is none', async (t, { agent }) => {
    const a = agent('a')
    const opened = await a.whoami()
    t.match(opened, { agent_id: 'a', session: { agent_id: 'a' }, default_channel: 'general' })
    const again = await agent('a').whoami()
    t.equal(again.session.session_id, opened.session.session_id)
  })

  test('rename changes the display name', async (t, { agent }) => {
    const a = agent('a b/c')
    await a.register()
    t.equal((await a.rename('Ada')).display_name, 'Ada')
    t.match(await failure(agent('nobody').rename('x')), { code: 'not_found', status: 404 })
  })

  test('a renamed agent keeps its name in a new room', async (t, { agent, restart }) => {
    const a = agent('a')
    await a.register({ displayName: 'Ada' })
    await a.rename('Grace')
    await restart('new')
    const isThere = async () => (await agent('b').listAgents())[0]
    t.equal((await until('a to be back', isThere)).display_name, 'Grace')
  })

  test('close ends the session', async (t, { agent }) => {
    const a = agent('a')
    await a.register()
    await a[Symbol.asyncDispose]()
    t.same(await agent('b').listAgents(), [])
  })

  sameByAnyWay('close leaves alone the session that has replaced its own', async (t, { agent }) => {
    const a = agent('a')
    await a.register()
    const { session_id } = await agent('a').register({ replace: true })
    await a.close()
    t.match(await agent('b').listAgents(), [{ session_id }])
  })

  // Channels and messages

  sameByAnyWay('post returns the message as it is on the wire', async (t, { agent }) => {
    const posted = await agent('a').post('hello')
    t.match(posted, {
      id: Number,
      ts: /Z$/,
      from_agent: 'a',
      to_agent: null,
      channel: 'general',
      kind: 'chat',
      body: 'hello',
      attachments: [],
      reply_to: null,
      thread_id: null,
      metadata: {},
    })
  })

  sameByAnyWay('post carries every option', async (t, { agent }) => {
    const a = agent('a')
    await a.createChannel('build', { metadata: { topic: 'ci' } })
    const task = await a.post('do it', { kind: 'task', channel: 'build', threadId: 't1' })
    const child = await a.post('half', {
      kind: 'task',
      channel: 'build',
      threadId: 't1',
      replyTo: task.id,
      parentTaskId: task.id,
      metadata: { n: 1 },
      attachments: [{ type: 'code', content: '1 + 1', language: 'js' }],
    })
    t.match(child, { kind: 'task', channel: 'build', thread_id: 't1', reply_to: task.id, metadata: { n: 1 } })
    t.match(child.attachments, [{ type: 'code', content: '1 + 1', language: 'js' }])
    t.match(await a.listTasks({ parentId: task.id }), [{ task_id: child.id, parent_task_id: task.id }])
    t.match(
      (await a.listChannels()).map((channel) => channel.name),
      ['build', 'direct', 'general'],
    )
  })

  sameByAnyWay('a direct message reaches its addressee only', async (t, { agent }) => {
    const sent = await agent('a').dm('b', 'psst')
    t.match(sent, { to_agent: 'b', channel: 'direct' })
    t.match(await agent('b').poll({ timeout: 0 }), [{ id: sent.id }])
    t.match(await agent('b').inbox(), [{ id: sent.id }])
    t.same(await agent('c').poll({ timeout: 0 }), [])
  })

  test('what the hub refuses comes with its text, status and code', async (t, { agent }) => {
    const a = agent('a')
    const unknown = await failure(a.post('x', { channel: 'nowhere' }))
    t.match(unknown, { code: 'invalid_request', status: 400, message: /nowhere/ })
    t.match(await failure(a.poll({ channel: 'nowhere', timeout: 0 })), { code: 'not_found', status: 404 })
    t.match(await failure(a.post('')), { code: 'invalid_request', message: /body/ })
  })

  sameByAnyWay('listMessages reads a channel or a thread, forward or from its tail', async (t, { agent }) => {
    const a = agent('a')
    const posted = []
    for (const body of ['1', '2', '3']) posted.push(await a.post(body, { threadId: 'th' }))
    const ids = posted.map((message) => message.id)
    t.same(idsOf(await a.listMessages({ channel: 'general' })), ids)
    t.same(idsOf(await a.listMessages({ threadId: 'th', sinceId: ids[0] ?? 0, limit: 1 })), ids.slice(1, 2))
    t.same(idsOf(await a.listMessages({ channel: 'general', tail: true, limit: 2 })), ids.slice(1))
  })

  test('listMessages with a timeout waits for the first message', async (t, { agent, waiting }) => {
    const listing = agent('b').listMessages({ channel: 'general', timeout: 30 })
    await waiting(1)
    const { id } = await agent('a').post('now')
    t.same(idsOf(await listing), [id])
  })

  // Threads

  sameByAnyWay('a thread comes with all that is in it', async (t, { agent }) => {
    const a = agent('a')
    const task = await a.post('do it', { kind: 'task', threadId: 'th/1' })
    await a.dm('b', 'aside', { threadId: 'th/1' })
    await a.claim(task.id, { threadId: 'th/1' })
    await a.lock('a.ts', { metadata: { thread_id: 'th/1' } })
    const detail = await a.getThread('th/1')
    t.match(detail, {
      thread: { thread_id: 'th/1', message_count: 2, open_task_count: 1, status: 'open' },
      messages: [{ id: task.id }, { to_agent: 'b' }],
      tasks: [{ task_id: task.id }],
      claims: [{ claim_key: `task-${task.id}` }],
      locks: [{ file_path: 'a.ts' }],
    })
    t.match(await a.listThreads(), [{ thread_id: 'th/1' }])
    t.match(await failure(a.getThread('none')), { code: 'not_found', status: 404 })
  })

  // Claims, locks, tasks

  sameByAnyWay('a claim that is held by another comes with the holder', async (t, { agent }) => {
    const [a, b] = [agent('a'), agent('b')]
    const mine = await a.claim('deploy', { ttlSec: 60, metadata: { why: 'x' } })
    t.match(mine, {
      acquired: true,
      claim: { claim_key: 'deploy', owner_agent_id: 'a', metadata: { why: 'x' } },
    })
    t.match(await b.claim('deploy'), { acquired: false, claim: { owner_agent_id: 'a' } })
    t.match(await a.refreshClaim('deploy', { ttlSec: 600 }), {
      acquired: true,
      claim: { claim_key: 'deploy' },
    })
    t.match(await failure(b.release('deploy')), { code: 'not_found', status: 404 })
    await a.release('deploy')
    t.match(await b.claim('deploy'), { acquired: true, claim: { owner_agent_id: 'b' } })
    t.match(await a.listClaims({ activeOnly: true }), [{ owner_agent_id: 'b' }])
  })

  sameByAnyWay('a task is claimed by its id', async (t, { agent }) => {
    const a = agent('a')
    const task = await a.post('do it', { kind: 'task' })
    const { claim } = await a.claim(task.id)
    t.match(claim, { claim_key: `task-${task.id}`, task_message_id: task.id })
    t.equal((await a.refreshClaim(task.id)).acquired, true)
    await a.release(task.id)
    t.same(await a.listClaims({ activeOnly: true }), [])
  })

  test('of many agents that claim at once exactly one acquires', async (t, { agent }) => {
    const agents = Array.from({ length: 10 }, (_, n) => agent(`agent-${n}`))
    const results = await Promise.all(agents.map((one) => one.claim('the one')))
    t.equal(results.filter((result) => result.acquired).length, 1)
    t.equal(new Set(results.map((result) => result.claim.owner_agent_id)).size, 1)
  })

  sameByAnyWay('a lock that is held by another comes with the holder', async (t, { agent }) => {
    const [a, b] = [agent('a'), agent('b')]
    t.match(await a.lock('src/x.ts', { ttlSec: 60 }), {
      acquired: true,
      lock: { file_path: 'src/x.ts', agent_id: 'a' },
    })
    t.match(await b.lock('src/x.ts'), { acquired: false, lock: { agent_id: 'a' } })
    t.match(await a.refreshLock('src/x.ts', { ttlSec: 600 }), { acquired: true })
    t.match(await failure(b.unlock('src/x.ts')), { code: 'not_found', status: 404 })
    await a.unlock('src/x.ts')
    t.match(await b.lock('src/x.ts'), { acquired: true, lock: { agent_id: 'b' } })
    t.match(await a.listLocks({ agentId: 'b', activeOnly: true }), [{ file_path: 'src/x.ts' }])
  })

  sameByAnyWay('completing the last child completes its parent', async (t, { agent }) => {
    const a = agent('a')
    const parent = await a.post('all', { kind: 'task' })
    const one = await a.post('one', { kind: 'task', parentTaskId: parent.id })
    const two = await a.post('two', { kind: 'task', parentTaskId: parent.id })
    t.match(await a.completeTask(one.id), {
      parentCompleted: false,
      task: { task_id: one.id, status: 'done' },
    })
    t.match(await a.completeTask(two.id), { parentCompleted: true })
    t.same(await a.listTasks({ status: 'open' }), [])
    t.match(await failure(a.completeTask(999)), { code: 'not_found', status: 404 })
  })

  // Faults

  test('posts made while actors of the hub crash arrive, each once', async (t, { hub, agent }) => {
    const a = agent('a', { retryFor: 30 })
    const post = async (writer: number) => {
      for (let n = 0; n < 20; n++) await a.post(`${writer}.${n}`, { channel: 'general' })
    }
    const posting = Promise.all([0, 1, 2, 3].map(post))
    await hub.kill('storage')
    await hub.kill('gateway')
    await hub.kill('storage')
    await posting
    const bodies = (await a.listMessages({ channel: 'general', limit: 500 })).map((message) => message.body)
    t.equal(bodies.length, 80)
    t.equal(new Set(bodies).size, 80)
  })

  // The hub

  test('hub information and status are those of the hub', async (t, { hub, agent }) => {
    const a = agent('a')
    await a.post('hello')
    t.match(await a.hubInfo(), {
      instance_id: hub.instanceId,
      protocol_version: '1',
      implementation: 'arc-hub',
    })
    t.match(await a.status(), { instance_id: hub.instanceId, pid: process.pid, counts: { messages: 1 } })
  })
}
