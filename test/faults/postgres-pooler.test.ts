// Hubs behind a real PgBouncer, which gives a server connection to each session, or to each transaction. They are sure of no
// bell, say so, and look instead.

import t from 'tap'
import type { Message } from '../../src/protocol/objects.js'
import { Calls, resultOf } from '../support/calls.js'
import { startTestHub } from '../support/hub.js'
import { noPooler, startPooler } from '../support/pooler.js'
import { ownServer } from '../support/postgres.js'
import { percentile, until } from '../support/waiting.js'

const POSTS = 40

for (const mode of ['session', 'transaction'] as const) {
  t.test(`two hubs through PgBouncer, a connection for each ${mode}`, { skip: noPooler }, async (t) => {
    const server = await ownServer(t)
    const storage = new URL(((await server.room(t)) as string).split('?')[0] as string)
    storage.port = `${await startPooler(t, server.port, mode)}`
    const said: string[] = []
    const logSink = { write: (line: string) => said.push(line) }
    const hubs = [
      await startTestHub(t, { storagePath: storage.href, logLevel: 'warn', logSink }),
      await startTestHub(t, { storagePath: storage.href }),
    ]
    const [a, b] = hubs.map(({ url }) => new Calls(t, url)) as [Calls, Calls]
    await until('it to say so', () => said.some((line) => /no NOTIFY of the database is sure/.test(line)))

    const wakes: number[] = []
    for (let since = 0, n = 0; n < POSTS; n++) {
      const query = { agent_id: 'bob', since_id: since, timeout: 10 }
      const polled = b.get<Message[]>('/v1/events', query)
      await b.waiting(1)
      const startedAt = performance.now()
      const posted = await a.say({ body: `${n}`, from_agent: 'ann' }, { key: `key-${n}` })
      const [message] = resultOf(await polled)
      wakes.push(performance.now() - startedAt)
      t.equal(message?.id, posted.id)
      since = posted.id
    }
    t.comment(
      `${mode}: p50 ${percentile(wakes, 0.5).toFixed(1)}, p95 ${percentile(wakes, 0.95).toFixed(1)} ms`,
    )
    const again = await b.say({ body: '0', from_agent: 'ann' }, { key: 'key-0' })
    t.equal(again.id, 1, 'a key that another hub has answered')

    const many = await Promise.all(
      Array.from({ length: 200 }, (_, n) => [a, b][n % 2]?.say({ body: `many ${n}` })),
    )
    t.equal(new Set(many.map((message) => message?.id)).size, 200)
    const ids = (await a.everythingIn('general')).map(({ id }) => id)
    t.strictSame(
      ids,
      Array.from({ length: POSTS + 200 }, (_, n) => n + 1),
      'no gap',
    )
    const claims = await Promise.all(
      [a, b, a, b].map((hub, n) =>
        hub.post('/v1/claims', { owner_agent_id: `c${n}`, claim_key: 'one', ttl_sec: 60 }),
      ),
    )
    t.equal(claims.filter(({ envelope }) => (envelope as { acquired?: boolean }).acquired).length, 1)
    t.strictSame(
      said.filter((line) => /error/i.test(line)),
      [],
    )
  })
}
