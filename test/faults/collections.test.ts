// Garbage collections in the storage thread under mixed load: posts, long-polls, claims, a stream, the file relay. A
// binding of SQLite that does not expect a collection between two turns of the event loop aborts the process.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { ArcClient } from '../../src/sdk/index.js'
import { isFull, Random, rounds } from '../support/campaign.js'
import { ownFolder } from '../support/folder.js'

const SECONDS = rounds(4, 600)
const HUB = fileURLToPath(new URL('./collecting-hub.js', import.meta.url))

type Said = { readonly url?: string; readonly collections?: number }

t.test('collections between turns end no hub', async (t) => {
  const random = new Random()
  t.comment(`seed ${random.seed}, ${SECONDS} s`)
  const folder = ownFolder(t)
  const spoolDir = join(folder, 'spool')
  const { NODE_OPTIONS: _, ...env } = process.env
  const hub = fork(HUB, [join(folder, 'arc.sqlite3'), spoolDir], { env, execArgv: [] })
  t.teardown(() => hub.kill('SIGKILL'))
  const exited = once(hub, 'exit')
  let collections = 0
  hub.on('message', (said: Said) => {
    collections = said.collections ?? collections
  })
  const [{ url: baseUrl = '' }] = (await Promise.race([once(hub, 'message'), exited])) as [Said]
  t.match(baseUrl, /^http:/)

  const controller = new AbortController()
  const ending = controller.signal
  const timer = setTimeout(() => controller.abort(), SECONDS * 1_000)
  hub.once('exit', () => controller.abort())
  t.teardown(() => clearTimeout(timer))
  const failed: unknown[] = []
  const done = { posts: 0, polls: 0, claims: 0, streamed: 0 }

  const works = async (name: string, overFiles: boolean) => {
    const client = overFiles
      ? ArcClient.overRelay(name, { spoolDir, retryFor: 0 })
      : new ArcClient(name, { baseUrl, retryFor: 0 })
    while (!ending.aborted) {
      const key = `key-${random.between(1, 20)}`
      const kind = random.between(1, 4)
      if (kind <= 2) await client.post('x'.repeat(random.between(1, 2_000))).then(() => done.posts++)
      if (kind === 3) await client.claim(key).then(() => done.claims++)
      if (kind === 4) await client.release(key).catch(() => {}) // another's, or nobody's
    }
    await client.close()
  }
  const polls = async () => {
    const client = new ArcClient('poller', { baseUrl, retryFor: 0 })
    while (!ending.aborted) await client.poll({ timeout: 1 }).then(() => done.polls++)
    await client.close()
  }
  const follows = async () => {
    const { body } = await fetch(`${baseUrl}/v1/stream?agent_id=reader`, { signal: ending })
    for await (const chunk of body ?? []) done.streamed += chunk.length
  }
  await Promise.all([
    ...['a', 'b', 'c', 'd'].map((name, i) => works(name, i % 2 === 1).catch((e) => failed.push(e))),
    polls().catch((error) => failed.push(error)),
    follows().catch((error) => ending.aborted || failed.push(error)),
  ])
  t.comment(JSON.stringify({ ...done, collections, size: isFull ? 'full' : 'small' }))
  if (hub.connected) hub.disconnect()
  t.strictSame(await exited, [0, null], 'it ends in good order')
  t.strictSame(failed, [])
  t.ok(Math.min(...Object.values(done)) > 0, 'each kind of work was done')
  t.ok(collections >= SECONDS, 'collections came all the time')
})
