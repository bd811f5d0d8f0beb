// The feed: each door that has subscribed gets every committed message once and in id order, or is told that it
// has to read. Over real links; the storage behind it is a list that others may add to.

import { MessageChannel } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { Link } from '../../src/actors/runtime/link.js'
import { ArcError } from '../../src/protocol/errors.js'
import type { FeedMessage } from '../../src/storage/commands.js'
import type { DoorContract, StorageContract } from '../../src/storage/contract.js'
import { type DoorLink, Feed } from '../../src/storage/feed.js'
import { until } from '../support/waiting.js'

const TOO_MANY = 2_001

function message(id: number): FeedMessage {
  return { id, from: 'ann', to: null, channel: 'general', threadId: null, json: `${id}` }
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

/** A storage that holds the messages 1 to `count`. */
function storageOf(count: number) {
  const stored = range(1, count).map(message)
  return {
    stored,
    latestId: () => stored.at(-1)?.id ?? 0,
    messagesAfter: (afterId: number, limit: number) => {
      const after = stored.filter(({ id }) => id > afterId)
      return after.length <= limit ? after : undefined
    },
    /** Commits one more. */
    commit: (id: number) => {
      stored.push(message(id))
      return message(id)
    },
  }
}

interface Door {
  readonly link: DoorLink
  /** What came: ids, or `skipped to <id>`. */
  readonly came: (number | string)[]
  has(count: number): Promise<unknown>
}

function openDoor(t: Test): Door {
  const { port1, port2 } = new MessageChannel()
  const came: (number | string)[] = []
  const link: DoorLink = new Link<DoorContract, StorageContract>(port1, {
    submit: () => {},
    query: () => {},
    page: () => {},
    status: () => {},
    sync: () => {},
    connect: () => {},
    subscribe: () => {},
    touch: () => {},
  })
  const other = new Link<StorageContract, DoorContract>(port2, {
    connected: () => {},
    published: ({ input }) => came.push(...input.map(({ id }) => id)),
    skipped: ({ input }) => came.push(`skipped to ${input.latestId}`),
    changed: () => {},
    network: () => {},
    waiting: () => {},
  })
  t.teardown(() => {
    link.close()
    other.close()
  })
  return { link, came, has: (count) => until(`${count} of ${came}`, () => came.length >= count) }
}

t.test('what is committed goes to every door once', async (t) => {
  const storage = storageOf(3)
  const feed = new Feed(storage, 3)
  const doors = [openDoor(t), openDoor(t)]
  for (const { link } of doors) await feed.subscribe(link, feed.publishedId)
  await feed.publish([storage.commit(4), storage.commit(5)])
  await feed.publish([storage.commit(6)])
  for (const door of doors) await door.has(3)
  t.strictSame(
    doors.map(({ came }) => came),
    [
      [4, 5, 6],
      [4, 5, 6],
    ],
  )
  t.equal(feed.publishedId, 6)
})

t.test('what another hub committed in between goes first', async (t) => {
  const storage = storageOf(3)
  const feed = new Feed(storage, 3)
  const door = openDoor(t)
  await feed.subscribe(door.link, feed.publishedId)
  storage.commit(4)
  await feed.publish([storage.commit(5)])
  await feed.publish([storage.commit(6)])
  await door.has(3)
  t.strictSame(door.came, [4, 5, 6])
})

t.test('a catch-up brings what others have committed, and nothing twice', async (t) => {
  const storage = storageOf(3)
  const feed = new Feed(storage, 3)
  const door = openDoor(t)
  await feed.subscribe(door.link, feed.publishedId)
  storage.commit(7)
  await feed.catchUp()
  await feed.catchUp()
  await feed.publish([storage.commit(8)])
  await feed.catchUp()
  await door.has(2)
  t.strictSame(door.came, [7, 8])
})

t.test('a door that comes back gets what it has missed, and then what follows', async (t) => {
  const storage = storageOf(10)
  const feed = new Feed(storage, 10)
  const door = openDoor(t)
  await feed.subscribe(door.link, 7)
  await feed.publish([storage.commit(11)])
  await door.has(4)
  t.strictSame(door.came, [8, 9, 10, 11])
})

t.test('a door that comes back is not told of what was not published yet before its time', async (t) => {
  const storage = storageOf(10)
  const feed = new Feed(storage, 8) // 9 and 10 are another hub's, just committed
  const door = openDoor(t)
  await feed.subscribe(door.link, 7)
  await feed.catchUp()
  await door.has(3)
  t.strictSame(door.came, [8, 9, 10])
})

t.test(
  'a door that subscribes while the storage cannot be read is told to read, and gets what follows',
  async (t) => {
    const storage = storageOf(3)
    let isCut = true
    const messagesAfter = async (afterId: number, limit: number) => {
      if (isCut) throw new ArcError('unavailable', 'cut off')
      return storage.messagesAfter(afterId, limit)
    }
    const feed = new Feed({ ...storage, messagesAfter }, 3)
    const door = openDoor(t)
    await feed.subscribe(door.link, 1)
    isCut = false
    await feed.publish([storage.commit(4)])
    await door.has(2)
    t.strictSame(door.came, ['skipped to 3', 4])
  },
)

t.test('a door that has missed too much is told to read instead', async (t) => {
  const storage = storageOf(TOO_MANY + 5)
  const feed = new Feed(storage, TOO_MANY + 5)
  const door = openDoor(t)
  await feed.subscribe(door.link, 0)
  await feed.publish([storage.commit(TOO_MANY + 6)])
  await door.has(2)
  t.strictSame(door.came, [`skipped to ${TOO_MANY + 5}`, TOO_MANY + 6])
})

t.test('doors are told to read when others have committed too much at once', async (t) => {
  const storage = storageOf(1)
  const feed = new Feed(storage, 1)
  const door = openDoor(t)
  await feed.subscribe(door.link, feed.publishedId)
  for (const id of range(2, TOO_MANY + 2)) storage.commit(id)
  await feed.catchUp()
  await feed.publish([storage.commit(TOO_MANY + 3)])
  await door.has(2)
  t.strictSame(door.came, [`skipped to ${TOO_MANY + 2}`, TOO_MANY + 3])
})

t.test('a door that has gone gets nothing more', async (t) => {
  const storage = storageOf(0)
  const feed = new Feed(storage, 0)
  const [gone, stays] = [openDoor(t), openDoor(t)]
  await feed.subscribe(gone.link, feed.publishedId)
  await feed.subscribe(stays.link, feed.publishedId)
  feed.remove(gone.link)
  await feed.publish([storage.commit(1)])
  await stays.has(1)
  t.strictSame([gone.came, stays.came], [[], [1]])
  t.equal(feed.doors.size, 1)
})

t.test('a door that went while it waited to be subscribed is not kept', async (t) => {
  const feed = new Feed(storageOf(3), 3)
  const { link } = openDoor(t)
  link.close()
  await feed.subscribe(link, 1)
  t.equal(feed.doors.size, 0)
})
