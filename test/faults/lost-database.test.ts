// The database file is taken away from under a running hub: within a second nothing more is acknowledged, everybody who
// asks is told why, and what was acknowledged before is there in a file of its own.

import { copyFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import t, { type Test } from 'tap'
import type { Channel, HubStatus, Message } from '../../src/protocol/objects.js'
import { Calls, resultOf } from '../support/calls.js'
import { startTestHub } from '../support/hub.js'
import { until } from '../support/waiting.js'

async function start(t: Test) {
  const lines: string[] = []
  const hub = await startTestHub(t, {
    logLevel: 'error',
    logSink: { write: (line) => void lines.push(line) },
  })
  const calls = new Calls(t, hub.url)
  const problem = async () => resultOf(await calls.get<HubStatus>('/v1/status')).storage_problem
  return { hub, calls, lines, problem }
}

function rescuedFrom(storagePath: string): string[] {
  const isCopy = (name: string) => name.startsWith(`${basename(storagePath)}.rescued-`)
  const names = readdirSync(dirname(storagePath)).filter(isCopy)
  return names.flatMap((name) => {
    const db = new SqliteDatabase(join(dirname(storagePath), name), { readonly: true })
    const bodies = db.prepare('SELECT body FROM messages ORDER BY id').pluck().all() as string[]
    db.close()
    return bodies
  })
}

const WAYS: Readonly<Record<string, (path: string) => void>> = {
  deleted: (path) => {
    for (const end of ['', '-wal', '-shm']) rmSync(`${path}${end}`)
  },
  moved: (path) => renameSync(path, `${path}.away`),
  'replaced by a file': (path) => {
    rmSync(path)
    writeFileSync(path, '')
  },
  'replaced by a copy': (path) => {
    copyFileSync(path, `${path}.copy`)
    renameSync(`${path}.copy`, path)
  },
}

for (const [how, takeAway] of Object.entries(WAYS)) {
  t.test(`a database that is ${how} is noticed, and nothing acknowledged is lost`, async (t) => {
    const { hub, calls, lines, problem } = await start(t)
    t.equal(await problem(), null)
    const acknowledged: string[] = []
    const isAcknowledged = async (body: string) => {
      const { status, envelope } = await calls.post<Message>('/v1/messages', { from_agent: 'ann', body })
      if (status === 201) acknowledged.push(body)
      else t.match({ status, envelope }, { status: 503, envelope: { ok: false, code: 'storage_lost' } })
      return status === 201
    }
    await isAcknowledged('before')
    const takenAt = performance.now()
    takeAway(hub.storagePath)
    await until('writes to be refused', async () => !(await isAcknowledged(`after ${acknowledged.length}`)))
    const noticedMs = performance.now() - takenAt
    t.comment(`noticed after ${Math.round(noticedMs)} ms, ${acknowledged.length} acknowledged`)
    t.match(await problem(), /deleted|replaced/)
    t.match(lines.join(''), /nothing more is stored/)
    t.equal(resultOf(await calls.get<Channel[]>('/v1/channels')).length, 2, 'reads go on')
    t.strictSame(rescuedFrom(hub.storagePath), acknowledged)
    t.equal(await isAcknowledged('later'), false)
  })
}

t.test('a storage that comes back as another one is not served under the old name', async (t) => {
  const { hub, lines } = await start(t)
  // A state is named by the second in which it was founded (PROTOCOL §8).
  await until('the next second', () => Date.now() > hub.startedAtMs + 2_000)
  WAYS.deleted?.(hub.storagePath)
  await hub.kill('storage')
  t.equal(await hub.stopped, 1)
  t.match(lines.join(''), /was replaced while the hub ran/)
})

t.test('a new database is readable by its owner alone', async (t) => {
  const { hub, calls } = await start(t)
  await calls.say({ body: 'hi' })
  for (const end of ['', '-wal', '-shm'])
    t.equal(statSync(`${hub.storagePath}${end}`).mode & 0o777, 0o600, end)
})
