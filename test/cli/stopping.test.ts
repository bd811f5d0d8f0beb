// Stopping is exact (DESIGN, decision 13). A pid file whose process has become a stranger's harms nobody:
// nothing is signalled that did not prove to be the hub. And a hub that is told to stop is gone, database
// closed, before `arc stop` returns, however it is told.

import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import SqliteDatabase from 'better-sqlite3'
import t, { type Test } from 'tap'
import { call, isAlive, json, Place, statusOf } from '../support/arc-process.js'
import { steadyPort } from '../support/ports.js'
import { until } from '../support/waiting.js'

t.jobs = 2

interface PidFileContent {
  pid: number
  port: number
  url?: string
  instance_id?: string
  started_at?: string
}

const writePidFile = (place: Place, content: PidFileContent) =>
  writeFileSync(
    place.room('.arc.pid'),
    JSON.stringify({ url: `http://127.0.0.1:${content.port}`, ...content }),
  )

/** `arc stop` says that it signalled nobody, and the process that the pid file names lives on. */
async function harmsNobody(t: Test, place: Place, content: Omit<PidFileContent, 'pid'>): Promise<void> {
  const stranger = place.stranger()
  writePidFile(place, { pid: stranger.pid, ...content })
  const done = await place.arc(['stop'])
  t.ok(await stranger.isUnharmed(), 'the stranger lives')
  const printed = json<{ stopped: boolean; error: string }>(done)
  t.equal(printed.stopped, false)
  t.match(printed.error, new RegExp(`names process ${stranger.pid}, but .* nobody was signalled`))
  t.match(printed.error, place.room('.arc.pid'), 'it says which file is wrong')
  t.equal(done.status, 1)
}

t.test('stop signals nobody when the pid is a stranger’s and nobody answers at the port', async (t) => {
  await harmsNobody(t, new Place(t), { port: await steadyPort() })
})

t.test('stop signals nobody when the pid is a stranger’s and a foreign server has the port', async (t) => {
  const server = createServer((_request, response) => response.end('{"ok":true,"result":{}}'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise((resolve) => server.close(resolve)))
  await harmsNobody(t, new Place(t), { port: (server.address() as AddressInfo).port })
})

t.test('stop signals nobody when the pid is a stranger’s and another hub has the port', async (t) => {
  const elsewhere = await new Place(t).ensure()
  await harmsNobody(t, new Place(t), { port: elsewhere.port })
  t.ok(isAlive(elsewhere.pid))
  t.equal((await statusOf(elsewhere.url)).pid, elsewhere.pid)
})

t.test('stop signals nobody when all but the pid is that of a hub which runs', async (t) => {
  const place = new Place(t)
  const { pid } = await place.ensure()
  const { pid: _, ...rest } = place.pidFile()
  await harmsNobody(t, place, rest)
  t.ok(isAlive(pid))
})

t.test('stop does not signal a hub that started later than the pid file says', async (t) => {
  const place = new Place(t)
  const { pid } = await place.ensure()
  writePidFile(place, { ...place.pidFile(), started_at: '2020-01-01T00:00:00.000Z' })
  const done = await place.arc(['stop'])
  t.match(json(done), { stopped: false, error: /nobody was signalled/ })
  t.ok(isAlive(pid))
})

t.test('stop says that there is no hub, and removes the file, when its process is dead', async (t) => {
  const place = new Place(t)
  writePidFile(place, { pid: await place.deadPid(), port: await steadyPort() })
  const done = await place.arc(['stop'])
  t.match(json(done), { stopped: false, error: /no running hub found/ })
  t.equal(done.status, 1)
  t.notOk(existsSync(place.room('.arc.pid')))
})

for (const content of [
  '',
  '{"pid": 1',
  '{"pid": "1", "port": 1, "url": "x"}',
  '{"pid": 0, "port": 1, "url": "x"}',
]) {
  t.test(`stop takes no notice of a pid file that holds ${content || 'nothing'}`, async (t) => {
    const place = new Place(t)
    writeFileSync(place.room('.arc.pid'), content)
    const done = await place.arc(['stop'])
    t.match(json(done), { stopped: false, error: /no running hub found/ })
    t.equal(done.status, 1)
  })
}

t.test('stop by pid file returns only when the process is gone, while polls are parked', async (t) => {
  const place = new Place(t)
  const { url, pid } = await place.ensure()
  const poll = call(url, '/v1/events?agent_id=a&timeout=60')
  await until('the poll to wait', async () => (await statusOf(url)).waiting_polls > 0)
  t.equal((await place.arc(['stop'])).status, 0)
  t.notOk(isAlive(pid))
  t.strictSame(await poll, [])
})

t.test('stop --port without a pid file returns only when the process is gone, database closed', async (t) => {
  const place = new Place(t)
  const { port, url, pid } = await place.ensure()
  await call(url, '/v1/messages', { from_agent: 'a', body: 'x' })
  // A hub that closes waits for a reader, so there is a while between its port's end and its own.
  const reader = new SqliteDatabase(place.room('arc.sqlite3'), { readonly: true })
  t.teardown(() => reader.close())
  reader.exec('BEGIN; SELECT count(*) FROM messages')
  await call(url, '/v1/messages', { from_agent: 'a', body: 'y' })
  writeFileSync(place.room('.arc.pid'), '')
  const done = await place.arc(['stop', '--port', `${port}`])
  t.notOk(isAlive(pid))
  t.strictSame(json(done), { stopped: true, pid, url })
})

t.test('stop --port without a pid file overrides a shutdown that is pending for later', async (t) => {
  const place = new Place(t)
  const { port, url, pid } = await place.ensure()
  writeFileSync(place.room('.arc.pid'), '')
  await call(url, '/v1/shutdown', { delay_sec: 3_600 })
  const done = await place.arc(['stop', '--port', `${port}`])
  t.strictSame(json(done), { stopped: true, pid, url })
  t.notOk(isAlive(pid))
})

t.test('what was said before a stop is there after the next start', async (t) => {
  const place = new Place(t)
  await place.ensure()
  const said = json(await place.arc(['post', '--agent', 'a', 'remember']))
  await place.arc(['stop'])
  await place.ensure()
  t.strictSame(json(await place.arc(['poll', '--agent', 'b', '--all', '--timeout', '0'])), said)
})
