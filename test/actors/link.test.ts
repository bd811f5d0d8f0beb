// Links between two actors: order, deadlines, ends, errors as data. Both ends are in this thread, over a real
// message channel, but for the death of the other side, which is that of a real thread.

import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { type Contract, type Handlers, type Incoming, Link } from '../../src/actors/runtime/link.js'
import { ArcError } from '../../src/protocol/errors.js'
import { until } from '../support/waiting.js'

type Echo = {
  echo: { input: unknown; output: unknown }
  note: { input: unknown; output: undefined }
  port: { input: { port: MessagePort }; output: undefined }
}
type Nothing = Record<never, never>
type Caller = Link<Echo, Nothing>

const ignore: Handlers<Echo> = { echo: () => {}, note: () => {}, port: () => {} }

/** Two ends; what the second one does with what arrives is `handlers`. */
function pair(t: Test, handlers: Partial<Handlers<Echo>>): { caller: Caller; answerer: Link<Nothing, Echo> } {
  const { port1, port2 } = new MessageChannel()
  const caller: Caller = new Link<Echo, Nothing>(port1, {})
  const answerer = new Link<Nothing, Echo>(port2, { ...ignore, ...handlers })
  t.teardown(() => {
    caller.close()
    answerer.close()
  })
  return { caller, answerer }
}

async function failureOf(promise: Promise<unknown>): Promise<ArcError> {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (error instanceof ArcError) return error
  throw new Error(`expected an ArcError, got ${error}`)
}

t.test('a call is answered', async (t) => {
  const { caller } = pair(t, { echo: ({ input, reply }) => reply({ got: input }) })
  t.strictSame(await caller.call('echo', [1, 'two', null]), { got: [1, 'two', null] })
  t.equal(caller.pendingCalls, 0)
})

t.test('calls and casts arrive in the order in which they were sent', async (t) => {
  const arrived: unknown[] = []
  const { caller } = pair(t, {
    note: ({ input }) => arrived.push(input),
    echo: ({ input, reply }) => {
      arrived.push(input)
      reply(undefined)
    },
  })
  const calls: Promise<unknown>[] = []
  for (let i = 0; i < 100; i++) {
    if (i % 3 === 0) calls.push(caller.call('echo', i))
    else caller.cast('note', i)
    if (i % 10 === 0) caller.flush()
    if (i % 25 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await Promise.all(calls)
  await until('all to arrive', () => arrived.length === 100)
  t.strictSame(
    arrived,
    Array.from({ length: 100 }, (_, i) => i),
  )
})

t.test('answers may come in any order, each to its own call', async (t) => {
  const waiting: Incoming<Echo, 'echo'>[] = []
  const { caller } = pair(t, { echo: (incoming) => waiting.push(incoming) })
  const calls = ['a', 'b', 'c'].map((input) => caller.call('echo', input))
  await until('all to arrive', () => waiting.length === 3)
  for (const { input, reply } of waiting.reverse()) reply(`${input}!`)
  t.strictSame(await Promise.all(calls), ['a!', 'b!', 'c!'])
})

t.test('what is sent in one turn travels as one port message', async (t) => {
  const { port1, port2 } = new MessageChannel()
  t.teardown(() => port2.close())
  const sizes: number[] = []
  port2.on('message', (envelopes: unknown[]) => sizes.push(envelopes.length))
  const link = new Link<Echo, Nothing>(port1, {})
  t.teardown(() => link.close())
  for (let i = 0; i < 5; i++) link.cast('note', i)
  await until('the first turn', () => sizes.length === 1)
  link.cast('note', 5)
  link.flush()
  link.flush()
  await until('the second', () => sizes.length === 2)
  t.strictSame(sizes, [5, 1])
})

t.test('an error crosses as data: code, message and status', async (t) => {
  const { caller } = pair(t, {
    echo: ({ fail }) => fail(new ArcError('session_exists', 'there is one already')),
  })
  t.match(await failureOf(caller.call('echo', 0)), {
    code: 'session_exists',
    message: 'there is one already',
    status: 409,
  })
})

t.test('any other error crosses as an internal one', async (t) => {
  const { caller } = pair(t, { echo: ({ fail }) => fail(new TypeError('a surprise')) })
  t.match(await failureOf(caller.call('echo', 0)), { code: 'internal', message: 'a surprise', status: 500 })
})

t.test('a call that has no answer by its deadline is rejected, and a late answer is ignored', async (t) => {
  let late: ((value: unknown) => void) | undefined
  const { caller } = pair(t, {
    echo: ({ input, reply }) => {
      if (input === 'slow') late = reply
      else reply(input)
    },
  })
  const error = await failureOf(caller.call('echo', 'slow', 50))
  t.match(error, { code: 'timeout', status: 503 })
  late?.('too late')
  t.equal(await caller.call('echo', 'next'), 'next')
  t.equal(caller.pendingCalls, 0)
})

t.test('nobody starts on a call whose caller has given up', async (t) => {
  const started: unknown[] = []
  const { port1, port2 } = new MessageChannel()
  const caller = new Link<Echo, Nothing>(port1, {})
  t.teardown(() => caller.close())
  const error = failureOf(caller.call('echo', 'stale', 20))
  await error
  // The other side was busy until now: it takes in at once what has been lying there.
  const answerer = new Link<Nothing, Echo>(port2, {
    ...ignore,
    echo: ({ input, reply }) => {
      started.push(input)
      reply(input)
    },
  })
  t.teardown(() => answerer.close())
  t.equal(await caller.call('echo', 'fresh'), 'fresh')
  t.strictSame(started, ['fresh'])
})

t.test('when the link ends every pending call is rejected at once, on both sides', async (t) => {
  const { caller, answerer } = pair(t, {})
  const calls = [1, 2, 3].map((input) => failureOf(caller.call('echo', input, 60_000)))
  await new Promise((resolve) => setImmediate(resolve))
  answerer.close()
  t.match(await Promise.all(calls), Array(3).fill({ code: 'outcome_unknown' }))
  t.ok(caller.closed)
  t.equal(caller.pendingCalls, 0)
})

t.test('closing a link rejects its own pending calls before anything else happens', async (t) => {
  const { caller } = pair(t, {})
  const call = failureOf(caller.call('echo', 1, 60_000))
  caller.close()
  t.equal(caller.pendingCalls, 0)
  t.match(await call, { code: 'outcome_unknown' })
})

t.test('a call on a link that has ended is refused at once: nothing was sent', async (t) => {
  const { caller } = pair(t, {})
  caller.close()
  t.match(await failureOf(caller.call('echo', 1)), { code: 'unavailable' })
  t.doesNotThrow(() => caller.cast('note', 1), 'a cast is lost without a word')
})

t.test('the end is told once, whoever ends the link', async (t) => {
  const { port1, port2 } = new MessageChannel()
  const ends: string[] = []
  const one = new Link<Nothing, Nothing>(port1, {}, () => ends.push('one'))
  const two = new Link<Nothing, Nothing>(port2, {}, () => ends.push('two'))
  one.close()
  one.close()
  await until('both to end', () => ends.length === 2)
  two.close()
  t.strictSame(ends.sort(), ['one', 'two'])
})

t.test('what was cast before the close still arrives', async (t) => {
  const arrived: unknown[] = []
  const { caller } = pair(t, { note: ({ input }) => arrived.push(input) })
  caller.cast('note', 'last words')
  caller.close()
  await until('the last words', () => arrived.length === 1)
  t.strictSame(arrived, ['last words'])
})

t.test('drain takes in what has arrived without waiting for the event loop', async (t) => {
  const arrived: unknown[] = []
  const { caller, answerer } = pair(t, { note: ({ input }) => arrived.push(input) })
  for (const input of ['a', 'b']) {
    caller.cast('note', input)
    caller.flush()
  }
  t.strictSame([answerer.drain(), answerer.drain(), answerer.drain()], [true, true, false])
  t.strictSame(arrived, ['a', 'b'])
})

t.test('a port can be handed over by a cast', async (t) => {
  const { port1, port2 } = new MessageChannel()
  let received: MessagePort | undefined
  const { caller } = pair(t, {
    port: ({ input }) => {
      received = input.port
    },
  })
  caller.cast('port', { port: port2 }, [port2])
  await until('the port', () => received !== undefined)
  received?.postMessage('hello')
  const heard = await new Promise((resolve) => port1.once('message', resolve))
  port1.close()
  t.equal(heard, 'hello')
})

t.test('the death of the other thread rejects every pending call at once', async (t) => {
  const { port1, port2 } = new MessageChannel()
  const code = "require('node:worker_threads').workerData.on('message', () => {})"
  const worker = new Worker(code, { eval: true, workerData: port2, transferList: [port2], execArgv: [] })
  await new Promise((resolve) => worker.once('online', resolve))
  const caller = new Link<Contract, Nothing>(port1, {})
  const call = failureOf(caller.call('anything', 1, 60_000))
  caller.flush()
  await worker.terminate()
  t.match(await call, { code: 'outcome_unknown' })
})

t.test('a port that could not be handed over any more is closed, so that its other end knows', async (t) => {
  for (const moment of ['before', 'after'] as const) {
    const { port1, port2 } = new MessageChannel()
    const { caller, answerer } = pair(t, {})
    const given = new MessageChannel()
    t.teardown(() => given.port1.close())
    let closed = false
    given.port1.once('close', () => {
      closed = true
    })
    if (moment === 'after') caller.close()
    caller.cast('port', { port: given.port2 }, [given.port2])
    // The other side ends in the turn in which the cast would have been sent.
    if (moment === 'before') answerer.close()
    await until(`the other end to be told, ${moment} the end of the link`, () => closed, 2_000)
    t.ok(closed, `cast ${moment} the end of the link`)
    port1.close()
    port2.close()
  }
})
