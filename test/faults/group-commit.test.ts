// Group commit (DESIGN, decision 3): what arrives during one commit is the next one, so many posts share a
// flush to disk; and each commit is flushed (synchronous=FULL), so that what was acknowledged survives
// power loss. The commits are counted by SQLite itself, in the index of its log, read by another process.

import SqliteDatabase from 'better-sqlite3'
import t, { type Test } from 'tap'
import type { HubStatus, Message } from '../../src/protocol/objects.js'
import { Calls, resultOf } from '../support/calls.js'
import { rounds } from '../support/campaign.js'
import { ownFolder } from '../support/folder.js'
import { startTestHub } from '../support/hub.js'
import { reportOf, startScript } from '../support/processes.js'
import { percentile } from '../support/waiting.js'

const POSTS = 64
const BURSTS = rounds(10, 100)
const READ_CHANGES = new URL('./read-wal-changes.js', import.meta.url)

interface Room {
  readonly calls: Calls
  status(): Promise<HubStatus>
  /** Commits to the database, as SQLite has counted them. */
  changes(): Promise<number>
}

async function openRoom(t: Test): Promise<Room> {
  const hub = await startTestHub(t)
  const calls = new Calls(t, hub.url)
  return {
    calls,
    status: async () => resultOf(await calls.get<HubStatus>('/v1/status')),
    // Never from this process: closing the file would drop the hub's own locks on it.
    changes: () => reportOf<number>(startScript(t, READ_CHANGES, [hub.storagePath])),
  }
}

/** Posts so many messages at once, each over a socket of its own; returns their ids. */
async function burst(calls: Calls, posts: number): Promise<number[]> {
  const replies = Array.from({ length: posts }, (_, i) =>
    calls.post<Message>('/v1/messages', { from_agent: 'burst', body: `message ${i}` }),
  )
  return (await Promise.all(replies)).map((reply) => resultOf(reply).id)
}

t.test("the storage's own connection flushes every commit: synchronous is FULL, in WAL mode", async (t) => {
  const storagePath = `${ownFolder(t)}/arc.sqlite3`
  for (const state of ['new', 'used before']) {
    const hub = await startTestHub(t, { storagePath })
    const calls = new Calls(t, hub.url)
    await burst(calls, 1)
    const { durability } = resultOf(await calls.get<HubStatus>('/v1/status'))
    t.strictSame(durability, { journal_mode: 'wal', synchronous: 'full' }, `on a file that is ${state}`)
    await hub.stop()
  }
})

t.test('that does not go without saying: another connection to such a file has it at NORMAL', async (t) => {
  const hub = await startTestHub(t)
  await hub.stop()
  const db = new SqliteDatabase(hub.storagePath)
  t.teardown(() => db.close())
  t.equal(db.prepare('SELECT count(*) FROM messages').pluck().get(), 0)
  t.equal(db.pragma('synchronous', { simple: true }), 1)
})

t.test(
  'posts that come one after another have a commit each, by the count of SQLite and of the status',
  async (t) => {
    const { calls, status, changes } = await openRoom(t)
    const before = { told: (await status()).commits, counted: await changes() }
    for (let i = 0; i < 10; i++) await burst(calls, 1)
    const after = { told: (await status()).commits, counted: await changes() }
    t.ok(after.counted - before.counted >= 10)
    // The status also counts transactions in which there was nothing to write.
    t.ok(after.told - before.told >= after.counted - before.counted)
  },
)

t.test('64 posts at once take far fewer than 64 commits', async (t) => {
  const { calls, status, changes } = await openRoom(t)
  await burst(calls, POSTS) // connects the sockets
  const counted = await changes()
  const commits: number[] = []
  const ids = new Set<number>()
  for (let i = 0; i < BURSTS; i++) {
    const before = (await status()).commits
    for (const id of await burst(calls, POSTS)) ids.add(id)
    commits.push((await status()).commits - before)
  }
  t.equal(ids.size, BURSTS * POSTS, 'each post has its own message')
  const total = (await changes()) - counted
  const [median, most] = [percentile(commits, 0.5), Math.max(...commits)]
  t.comment(`${BURSTS} bursts of ${POSTS} posts took ${median} commits each (median), at most ${most}`)
  t.ok(total <= (BURSTS * POSTS) / 4, `${total} commits for ${BURSTS * POSTS} posts`)
})
