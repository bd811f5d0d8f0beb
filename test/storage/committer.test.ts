// Group commit as a policy: what makes a batch, in which order things happen, and what becomes of a batch that
// fails. Over a backend that writes down what it is given, and that fails or takes its time when told to.

import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { ArcError } from '../../src/protocol/errors.js'
import { type Applied, type StorageBackend, StorageBusy } from '../../src/storage/backend.js'
import type { FeedMessage, Submission } from '../../src/storage/commands.js'
import { Committer } from '../../src/storage/committer.js'
import { Feed } from '../../src/storage/feed.js'
import { until } from '../support/waiting.js'

class RecordingBackend implements StorageBackend {
  readonly facts = { instanceId: 'mh1-test', storagePath: '/nowhere', journalMode: 'wal' }
  /** The bodies of each batch. */
  readonly batches: string[][] = []
  readonly touched: string[][] = []
  /** What happened, in order. */
  readonly events: string[] = []
  /** Awaited before each commit. */
  gate: Promise<void> = Promise.resolve()
  failure: Error | undefined
  #latestId = 0

  async apply(submissions: readonly Submission[], touched: Iterable<string>): Promise<Applied> {
    await this.gate
    if (this.failure) throw this.failure
    const bodies = submissions.map(bodyOf)
    this.batches.push(bodies)
    this.touched.push([...touched])
    this.events.push(`committed ${bodies}`)
    const messages = bodies.map((body): FeedMessage => {
      return {
        id: ++this.#latestId,
        from: 'a',
        to: null,
        channel: 'general',
        threadId: null,
        json: `"${body}"`,
      }
    })
    return { outcomes: bodies, messages }
  }

  query = () => ({ result: 'null' })
  page = () => ({ items: [], upToId: 0 })
  latestId = () => this.#latestId
  messagesAfter = () => []
  watchForeignCommits = () => () => {}
  watchLoss = () => () => {}
  hasExpired = () => false
  boundSessions = () => ({ ended: [], due: [] })
  health = () => ({
    durability: { journal_mode: 'wal', synchronous: 'full' },
    commits: 0,
    storage_problem: null,
  })
  pendingShutdown = () => undefined
  allowRemote = () => false
  prune = () => {}
  close = () => {}
}

function bodyOf({ command }: Submission): string {
  return command.op === 'message.post' ? (command.input.body ?? '') : command.op
}

function post(body: string, touches?: string): Submission {
  const input = { from_agent: 'a', body, kind: 'chat' as const, attachments: '[]', metadata: '{}' }
  return { command: { op: 'message.post', input }, touches }
}

const expire: Submission = { command: { op: 'sessions.expire', input: {} } }

function commitTo(t: Test, backend: RecordingBackend, takeIn: () => boolean): Committer {
  const feed = new Feed(backend, 0)
  const committer = new Committer({ backend, feed, takeIn, flush: () => {}, onCommitted: () => {} })
  t.teardown(() => committer.settled())
  return committer
}

function open(t: Test): { backend: RecordingBackend; committer: Committer } {
  const backend = new RecordingBackend()
  return { backend, committer: commitTo(t, backend, () => false) }
}

const many = (count: number) => Array.from({ length: count }, (_, i) => `${i}`)

t.test('what arrives in one turn is one batch, in its order, and each gets its own answer', async (t) => {
  const { backend, committer } = open(t)
  const answers = await Promise.all(many(10).map((body) => committer.apply(post(body))))
  t.strictSame(backend.batches, [many(10)])
  t.strictSame(answers, many(10))
})

t.test('what arrives during a commit is the next batch', async (t) => {
  const { backend, committer } = open(t)
  let go = () => {}
  backend.gate = new Promise((resolve) => {
    go = resolve
  })
  const first = committer.apply(post('first'))
  await new Promise((resolve) => setImmediate(resolve))
  const others = many(5).map((body) => committer.apply(post(body)))
  t.strictSame(backend.batches, [])
  go()
  await Promise.all([first, ...others])
  t.strictSame(backend.batches, [['first'], many(5)])
})

t.test('a lone command waits for nothing', async (t) => {
  const { committer } = open(t)
  const askedAt = performance.now()
  await committer.apply(post('alone'))
  t.ok(performance.now() - askedAt < 500)
})

t.test('a batch has 512 commands at most', async (t) => {
  const { backend, committer } = open(t)
  await Promise.all(many(1_300).map((body) => committer.apply(post(body))))
  t.strictSame(
    backend.batches.map(({ length }) => length),
    [512, 512, 276],
  )
  t.strictSame(backend.batches.flat(), many(1_300), 'and their order is kept')
})

t.test('a batch has 8 Mi characters of text at most, but one command may be larger', async (t) => {
  const { backend, committer } = open(t)
  const mebi = (count: number) => 'x'.repeat(count * 1024 * 1024)
  await Promise.all([3, 3, 3, 9, 1, 1].map((count) => committer.apply(post(mebi(count)))))
  t.strictSame(
    backend.batches.map((bodies) => bodies.map((body) => body.length / 1024 / 1024)),
    [[3, 3], [3], [9], [1, 1]],
  )
})

t.test('nobody is answered before the batch is committed', async (t) => {
  const { backend, committer } = open(t)
  await Promise.all(
    ['a', 'b'].map((body) => committer.apply(post(body)).then(() => backend.events.push(`answered ${body}`))),
  )
  t.strictSame(backend.events, ['committed a,b', 'answered a', 'answered b'])
})

t.test('other work runs after all commands that were queued before it, on committed state', async (t) => {
  const { backend, committer } = open(t)
  const posts = many(600).map((body) => committer.apply(post(body)))
  const seen = await new Promise((resolve) => {
    committer.afterCommit(() => resolve(backend.batches.flat().length))
  })
  t.equal(seen, 600)
  await Promise.all(posts)
})

t.test('a batch that can not be written is refused as a whole, and the next one is tried', async (t) => {
  const { backend, committer } = open(t)
  backend.failure = new ArcError('storage_not_writable', 'the disk is full')
  const refused = await Promise.allSettled(
    ['a', 'b'].map((body) => committer.apply(post(body, `agent-${body}`))),
  )
  t.match(refused, Array(2).fill({ status: 'rejected', reason: { code: 'storage_not_writable' } }))
  backend.failure = undefined
  await committer.apply(post('c'))
  await committer.apply(expire)
  t.strictSame(backend.batches.flat(), ['c', 'sessions.expire'])
  t.strictSame(backend.touched.flat().sort(), ['agent-a', 'agent-b'], 'their signs of life are not lost')
})

t.test('signs of life are coalesced: many of them are one write, about a second later', async (t) => {
  const { backend, committer } = open(t)
  await committer.apply(expire) // writes what there is, and so begins a second
  const before = backend.batches.length
  const startedAt = performance.now()
  for (let i = 0; i < 1_000; i++) committer.touch([`agent-${i % 3}`])
  await until('them to be written', () => backend.batches.length > before)
  t.strictSame(backend.touched.at(-1)?.sort(), ['agent-0', 'agent-1', 'agent-2'])
  t.equal(backend.batches.length, before + 1)
  t.ok(performance.now() - startedAt > 500, 'not at once')
})

t.test('before sessions expire every sign of life is written', async (t) => {
  const { backend, committer } = open(t)
  await committer.apply(expire)
  committer.touch(['ann'])
  await committer.apply(expire)
  t.strictSame(backend.touched.at(-1), ['ann'])
})

t.test(
  'when it is settled, everything queued before is committed, and so are the signs of life',
  async (t) => {
    const { backend, committer } = open(t)
    await committer.apply(expire)
    const posts = many(1_000).map((body) => committer.apply(post(body)))
    committer.touch(['ann'])
    await committer.settled()
    t.equal(backend.batches.flat().filter((body) => body !== 'sessions.expire').length, 1_000)
    t.ok(backend.touched.flat().includes('ann'))
    await Promise.all(posts)
  },
)

t.test('while another process writes, what is queued waits and what reads goes on', async (t) => {
  const { backend, committer } = open(t)
  backend.failure = new StorageBusy('another process writes')
  const posts = many(3).map((body) => committer.apply(post(body)))
  await new Promise<void>((read) => committer.afterCommit(read))
  const urgent = await committer.apply(expire, true).catch((error) => error)
  t.match(urgent, { code: 'storage_not_writable', retryable: true }, 'what is urgent is refused')
  t.strictSame(backend.batches, [])
  backend.failure = undefined
  const late = committer.apply(post('late'))
  t.strictSame(
    await Promise.all([...posts, late]),
    [...many(3), 'late'],
    'the rest is committed, in its order',
  )
})

t.test(
  'a try that took longer than commands may wait refuses all that wait, and the next one is tried',
  async (t) => {
    const backend = new RecordingBackend()
    const committer = commitTo(t, backend, () => false)
    let opens = () => {}
    backend.gate = new Promise((resolve) => {
      opens = resolve
    })
    backend.failure = new StorageBusy('cut off')
    const { now } = Date
    t.teardown(() => {
      Date.now = now
    })
    const posts = [committer.apply(post('tried'))]
    await new Promise((resolve) => setImmediate(resolve))
    posts.push(committer.apply(post('queued')))
    Date.now = () => now() + 6_000
    const openedAt = performance.now()
    opens()
    for (const refused of await Promise.allSettled(posts))
      t.match(refused, { reason: { code: 'storage_not_writable', message: /cut off.*nothing was stored/ } })
    t.ok(performance.now() - openedAt < 1_000, 'at once')
    backend.failure = undefined
    t.equal(await committer.apply(post('later')), 'later')
    t.strictSame(backend.batches, [['later']])
  },
)

t.test(
  'of a mailbox that never gets empty one batch is taken in, then the event loop has its turn',
  async (t) => {
    let arriving = true
    let hadItsTurn = false
    const backend = new RecordingBackend()
    const committer: Committer = commitTo(t, backend, () => {
      if (!hadItsTurn) {
        setImmediate(() => {
          hadItsTurn = true
          arriving = false
        })
      }
      if (arriving) void committer.apply(post('more'))
      return arriving
    })
    await committer.apply(post('first'))
    t.equal(backend.batches[0]?.length, 512)
    await until('the event loop to have its turn', () => hadItsTurn)
  },
)

t.test('a lone command waits for nothing, however long the last commit took', async (t) => {
  const backend = new RecordingBackend()
  const committer = commitTo(t, backend, () => false)
  const slow = pause(1_000)
  backend.gate = slow
  await Promise.all(['a', 'b', 'c', 'd'].map((body) => committer.apply(post(body))))
  await pause(50)
  const late = pause(100).then(() => 'late')
  t.equal(await Promise.race([committer.apply(post('e')), late]), 'e')
})

t.test('after a slow commit the next batch waits for those whom it has answered', async (t) => {
  const backend = new RecordingBackend()
  const committer = commitTo(t, backend, () => false)
  const slow = { get: () => pause(40) }
  Object.defineProperty(backend, 'gate', slow)
  const client = async (name: string) => {
    for (let i = 0; i < 10; i++) {
      await committer.apply(post(`${name}${i}`))
      await pause(1)
    }
  }
  const first = client('a')
  await pause(5)
  await Promise.all([first, ...['b', 'c', 'd'].map(client)])
  // The first commit is a lone one, and the others come during it.
  t.same(backend.batches[0], ['a0'])
  t.ok(
    backend.batches.slice(1, 10).every((batch) => batch.length === 4),
    `${backend.batches.map(String)}`,
  )
})
