// A door's way to the storage, over real links to a storage that is a few lines.

import { MessageChannel, type MessagePort } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { Link } from '../../src/actors/runtime/link.js'
import { StorageClient } from '../../src/storage/client.js'
import type { DoorContract, StorageContract } from '../../src/storage/contract.js'
import type { DoorLink } from '../../src/storage/feed.js'
import { until } from '../support/waiting.js'

function openClient(t: Test): StorageClient {
  const ignore = () => {}
  const client = new StorageClient({
    connected: ignore,
    published: ignore,
    skipped: ignore,
    changed: ignore,
    network: ignore,
    waiting: ({ reply }) => reply({ waiting_polls: 0, waiting_agents: [], open_streams: 0 }),
  })
  t.teardown(() => client.close())
  return client
}

/** What the door has asked to be told of messages after, and agents that have shown a sign of life. */
type Asked = number | null | string

/** A storage that says how it was connected, and connects the door when it is told to. */
function openStorage(t: Test): { port: MessagePort; link: DoorLink; asked: Asked[]; connect: () => void } {
  const { port1, port2 } = new MessageChannel()
  const asked: Asked[] = []
  let connect = () => {}
  const ignore = () => {}
  const link = new Link<DoorContract, StorageContract>(port2, {
    connect: ({ input, reply }) => {
      asked.push(input.afterId)
      connect = () => reply(undefined)
    },
    subscribe: ({ input }) => asked.push(input.afterId),
    submit: ignore,
    query: ignore,
    page: ignore,
    status: ignore,
    sync: ignore,
    touch: ({ input }) => asked.push(...input),
  })
  t.teardown(() => link.close())
  return { port: port1, link, asked, connect: () => connect() }
}

t.test(
  "the first reader's subscription arrives, also when the storage is away or just being connected",
  async (t) => {
    for (const comes of ['before', 'while']) {
      const client = openClient(t)
      const storage = openStorage(t)
      if (comes === 'before') client.subscribe(7)
      const connected = client.connect(storage.port, null)
      await until('the storage to be asked', () => storage.asked.length > 0)
      if (comes === 'while') client.subscribe(7)
      storage.connect()
      await connected
      await until('the subscription', () => storage.asked.length > 1)
      t.strictSame(storage.asked, [null, 7], comes)
    }
  },
)

t.test('who has just been answered is known to be alive before it is known not to wait', async (t) => {
  const client = openClient(t)
  const storage = openStorage(t)
  const connected = client.connect(storage.port, null)
  await until('the storage to be asked', () => storage.asked.length > 0)
  storage.connect()
  await connected
  client.touch(['bob'])
  t.match(await storage.link.call('waiting', undefined), { waiting_agents: [] })
  t.strictSame(storage.asked, [null, 'bob'])
})
