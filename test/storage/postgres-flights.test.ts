// A batch of posts in one trip to PostgreSQL (flight.ts). What becomes of one whose connection was cut is in
// faults/postgres-server.test.ts.

import pg from 'pg'
import t, { type Test } from 'tap'
import { statement } from '../../src/storage/postgres/statement-text.js'
import { flightText } from '../../src/storage/postgres/statements.js'
import { postgresServer } from '../support/postgres.js'
import { flightOf, fly, type Opened, open } from '../support/postgres-backends.js'
import { post } from './backend-room.js'

const server = await postgresServer(t)

/** A hub whose batches go in one trip. */
async function flying(t: Test, url: string): Promise<Opened> {
  const hub = await open(url)
  t.teardown(() => hub.backend.close())
  await fly(server, url, hub)
  return hub
}

t.test('a batch in one trip stores nothing after another hub has written', async (t) => {
  const url = await server.room(t)
  const hubs = await Promise.all(['a', 'b'].map((name) => open(url, name)))
  t.teardown(() => Promise.all(hubs.map(({ backend }) => backend.close())))
  const [a, b] = hubs as [Opened, Opened]
  for (const hub of hubs) await fly(server, url, hub)
  let [last = 0] = await b.applies(post('of b'))
  for (let i = 0; i < 5; i++) {
    t.strictSame(await a.applies(post('of a'), post('of a')), [last + 1, last + 2])
    t.strictSame(await b.applies(post('of b')), [last + 3])
    last += 3
  }
  t.equal((await a.backend.messagesAfter(last - 15, 100))?.length, 15)
})

t.test('a batch in one trip does nothing twice under one key', async (t) => {
  const url = await server.room(t)
  const { backend } = await flying(t, url)
  const idempotency = { scope: 'test', key: 'a key', requestHash: 'hash' }
  const submission = { command: post('once'), idempotency }
  const before = await flightOf(server, url)
  const { messages, outcomes } = await backend.apply([submission, submission], [])
  t.not(await flightOf(server, url), before, 'it went in one trip')
  t.equal(messages.length, 1)
  const text = outcomes[0]
  const repeated = { result: text, isNew: true, isReplayed: true }
  t.match(outcomes[1], repeated)
  t.match((await backend.apply([submission], [])).outcomes, [repeated])
  t.match(await backend.apply([{ command: post('next') }], []), {
    messages: [{ id: (messages[0]?.id ?? 0) + 1 }],
  })
})

t.test('a batch in one trip stores nothing if the room is not as expected', async (t) => {
  const url = await server.room(t)
  const { backend } = await flying(t, url)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  t.teardown(() => client.end())
  const { rows } = await client.query('SELECT epoch, commits, last_id FROM arc.log')
  const [epoch = 0, commits = 0, fromId = 0] = ['epoch', 'commits', 'last_id'].map((name) =>
    Number(rows[0][name]),
  )
  const expected = { epoch, commits, fromId, counterMs: Date.now() }
  const send = (different: Partial<typeof expected>) => {
    const message = {
      id: [1 + fromId],
      ts: [''],
      from_agent: ['ann'],
      channel: ['general'],
      kind: ['chat'],
      body: [''],
    }
    const others = {
      to_agent: [null],
      attachments_json: ['[]'],
      reply_to: [null],
      thread_id: [null],
      metadata_json: ['{}'],
    }
    const counter = { counter: 1 + fromId, flight: 'test', tolerance: 60_000, ...expected, ...different }
    return client.query(statement(flightText(false), { ...message, ...others, ...counter }))
  }
  for (const different of [
    { epoch: 1 + epoch },
    { commits: commits - 1 },
    { fromId: fromId - 1 },
    { counterMs: Date.now() + 3_600_000 },
    { counterMs: Date.now() - 3_600_000 },
  ]) {
    t.equal((await send(different)).rowCount, 0, JSON.stringify(different))
  }
  t.equal(await backend.latestId(), fromId)
  t.equal((await send({})).rowCount, 1)
})
