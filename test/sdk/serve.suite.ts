// Work handed over: `call` and `serve` against a real hub, through aborts and restarts, whatever the way to
// it. Run once for each transport.

import { failure } from './clients.js'
import { idsOf, testsOver, type Way } from './room.js'

export function serveSuite(way: Way): void {
  const { test, sameByAnyWay } = testsOver(way)

  // Calling and serving

  test('a call returns the result that came as a direct message', async (t, { agent, waiting }) => {
    const calling = agent('a').call('b', 'add 1 and 2', { threadId: 'sums', metadata: { n: 1 } })
    await waiting(1)
    const b = agent('b')
    const [request] = await b.poll({ timeout: 0 })
    t.match(request, {
      kind: 'task_request',
      to_agent: 'b',
      thread_id: 'sums',
      body: 'add 1 and 2',
      metadata: { n: 1 },
    })
    await b.dm('a', 'something else')
    const result = await b.dm('a', '3', { kind: 'task_result', replyTo: request?.id ?? 0 })
    t.equal((await calling).id, result.id)
  })

  sameByAnyWay(
    'a call to a channel returns the result that came to the channel',
    async (t, { agent, waiting }) => {
      const a = agent('a')
      await a.createChannel('sums')
      const calling = a.call({ channel: 'sums' }, 'add 1 and 2')
      await waiting(1)
      const b = agent('b')
      const [request] = await b.poll({ timeout: 0, channel: 'sums' })
      const result = await b.post('3', { kind: 'task_result', channel: 'sums', replyTo: request?.id ?? 0 })
      t.equal((await calling).id, result.id)
    },
  )

  sameByAnyWay('calls get their own results, however soon those come', async (t, { agent }) => {
    const stop = new AbortController()
    const serving = agent('b').serve((request) => `re: ${request.body}`, {
      signal: stop.signal,
      concurrency: 20,
    })
    const a = agent('a')
    const results = await Promise.all(Array.from({ length: 20 }, (_, n) => a.call('b', `${n}`)))
    t.same(
      results.map((result) => result.body),
      Array.from({ length: 20 }, (_, n) => `re: ${n}`),
    )
    stop.abort()
    await serving
  })

  sameByAnyWay('a call times out with an error, and its task stays open', async (t, { agent }) => {
    const a = agent('a')
    await a.bootstrap() // the first request to a new hub may take longer than the call does
    const error = await failure(a.call('nobody', 'hello?', { timeout: 2 }))
    t.match(error, { code: 'timeout', message: /nobody did not answer task_request \d+ within 2 s/ })
    t.equal((await a.listTasks({ status: 'open' })).length, 1)
  })

  test('an aborted call rejects at once', async (t, { agent, waiting }) => {
    const controller = new AbortController()
    const calling = failure(agent('a').call('nobody', 'hello?', { signal: controller.signal }))
    await waiting(1)
    controller.abort('enough')
    t.match(await calling, { code: 'aborted', cause: 'enough' })
    await waiting(0)
  })

  sameByAnyWay('a call does not disturb the poll cursor', async (t, { agent, waiting }) => {
    const [a, b] = [agent('a'), agent('b')]
    const before = await b.post('before')
    const calling = a.call('b', 'go')
    await waiting(1)
    const [request] = await b.poll({ timeout: 0 })
    const result = await b.dm('a', 'gone', { kind: 'task_result', replyTo: request?.id ?? 0 })
    await calling
    t.same(idsOf(await a.poll({ timeout: 0 })), [before.id, result.id])
  })

  test('who answers a call knows that the result has arrived', async (t, { agent }) => {
    const [a, b] = [agent('a'), agent('b')]
    const stop = new AbortController()
    const serving = b.serve(() => 'done', { signal: stop.signal })
    const taken = await a.call('b', 'go')
    t.match(await b.receipts(taken.id), [{ agent_id: 'a', state: 'acknowledged' }])
    const left = await a.call('b', 'go', { ack: false })
    t.match(await b.receipts(left.id), [{ agent_id: 'a', state: 'queued' }])
    stop.abort()
    await serving
  })

  test('serve answers a request in its thread, to the requester, and completes the task', async (t, {
    agent,
  }) => {
    const b = agent('b')
    const stop = new AbortController()
    const serving = b.serve(
      (request) => ({
        body: request.body.toUpperCase(),
        metadata: { from: request.from_agent },
        attachments: [{ type: 'text', content: 'more' }],
      }),
      { signal: stop.signal },
    )
    const a = agent('a')
    const result = await a.call('b', 'hello', { threadId: 'th' })
    t.match(result, {
      kind: 'task_result',
      from_agent: 'b',
      to_agent: 'a',
      thread_id: 'th',
      body: 'HELLO',
      metadata: { from: 'a' },
      attachments: [{ type: 'text', content: 'more' }],
    })
    t.match(await a.listTasks(), [{ task_id: result.reply_to, status: 'done' }])
    stop.abort()
    await serving
  })

  sameByAnyWay('serve answers with the error of a handler that throws', async (t, { agent }) => {
    const b = agent('b')
    const stop = new AbortController()
    const serving = b.serve(
      () => {
        throw new Error('out of paper')
      },
      { signal: stop.signal },
    )
    t.match(await agent('a').call('b', 'print'), { body: 'out of paper', metadata: { error: true } })
    stop.abort()
    await serving
  })

  sameByAnyWay(
    'serve takes up the open requests that came while nobody served, and no other',
    async (t, { agent }) => {
      const a = agent('a')
      await a.post('an old task', { kind: 'task' })
      const answered = await a.dm('b', 'answered', { kind: 'task_request' })
      await agent('b').dm('a', 'done', { kind: 'task_result', replyTo: answered.id })
      const missed = [
        await a.dm('b', 'one', { kind: 'task_request' }),
        await a.dm('b', 'two', { kind: 'task_request' }),
      ]
      await a.dm('c', 'for another', { kind: 'task_request' })
      await a.dm('b', 'just talk')
      await a.post('to whom it may concern', { kind: 'task_request' })
      const stop = new AbortController()
      const handled: number[] = []
      const serving = agent('b').serve(
        (request) => {
          handled.push(request.id)
          return 'done'
        },
        { signal: stop.signal },
      )
      await a.call('b', 'the last one')
      stop.abort()
      await serving
      t.same(handled.slice(0, -1), idsOf(missed))
      t.equal(handled.length, 3)
    },
  )

  sameByAnyWay('serve works on as many requests at a time as it is told', async (t, { agent }) => {
    const stop = new AbortController()
    let started = 0
    let bothStarted: () => void = () => {}
    const both = new Promise<void>((resolve) => {
      bothStarted = resolve
    })
    const serving = agent('b').serve(
      async () => {
        if (++started === 2) bothStarted()
        await both
        return 'done'
      },
      { signal: stop.signal, concurrency: 2 },
    )
    const a = agent('a')
    await Promise.all([a.call('b', 'one'), a.call('b', 'two')])
    t.equal(started, 2)
    stop.abort()
    await serving
  })

  sameByAnyWay('serve works on one request after another, unless told otherwise', async (t, { agent }) => {
    const stop = new AbortController()
    let atWork = 0
    let most = 0
    const serving = agent('b').serve(
      async () => {
        most = Math.max(most, ++atWork)
        await new Promise((resolve) => setImmediate(resolve))
        atWork--
        return 'done'
      },
      { signal: stop.signal },
    )
    const a = agent('a')
    await Promise.all([a.call('b', 'one'), a.call('b', 'two'), a.call('b', 'three')])
    t.equal(most, 1)
    stop.abort()
    await serving
  })

  test('a request that serve was aborted on stays open, and the next serve answers it', async (t, {
    agent,
  }) => {
    const a = agent('a')
    const b = agent('b')
    const stop = new AbortController()
    const calling = a.call('b', 'take your time')
    await b.serve(
      async (_, { signal }) => {
        stop.abort()
        t.ok(signal.aborted, 'the handler hears of it')
        return 'too late'
      },
      { signal: stop.signal },
    )
    const again = new AbortController()
    const serving = b.serve(() => 'here you are', { signal: again.signal })
    t.equal((await calling).body, 'here you are')
    again.abort()
    await serving
    t.equal((await a.inbox()).length, 1)
  })

  test('closing the client ends its serve', async (t, { agent, waiting }) => {
    const b = agent('b')
    const serving = b.serve(() => 'done')
    await waiting(1)
    await b.close()
    await serving
    t.pass('it resolved')
  })

  test('serve outlives a restart of the hub', async (t, { agent, restart, waiting }) => {
    const stop = new AbortController()
    const serving = agent('b').serve(() => 'done', { signal: stop.signal })
    await waiting(1)
    await restart('same')
    t.equal((await agent('a').call('b', 'still there?')).body, 'done')
    stop.abort()
    await serving
  })

  test('a call outlives a restart of the hub', async (t, { agent, restart, waiting }) => {
    const calling = agent('a').call('b', 'go')
    await waiting(1)
    await restart('same')
    const stop = new AbortController()
    const serving = agent('b').serve(() => 'done', { signal: stop.signal })
    t.equal((await calling).body, 'done')
    stop.abort()
    await serving
  })
}
