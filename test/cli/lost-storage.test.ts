// A hub whose database was deleted or replaced under it: `status` and `ensure` say so, in words that tell what to do.

import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import type { HubStatus } from '../../src/protocol/objects.js'
import { json, Place, statusOf } from '../support/arc-process.js'
import { until } from '../support/waiting.js'

t.jobs = 2

const LOSSES = {
  deleted: (place: Place) => {
    for (const name of readdirSync(place.room())) if (name.startsWith('arc.sqlite3')) rmSync(place.room(name))
  },
  replaced: (place: Place) => {
    writeFileSync(place.path('other'), '')
    renameSync(place.path('other'), place.room('arc.sqlite3'))
  },
}

for (const [what, lose] of Object.entries(LOSSES)) {
  t.test(`status and ensure say that the database was ${what}, and what to do`, async (t) => {
    const place = new Place(t)
    const { url } = await place.ensure()
    lose(place)
    const noticed = async () => (await statusOf(url)).storage_problem ?? undefined
    const problem = await until('the hub to notice', noticed)
    t.match(problem, new RegExp(`was ${what}.*stop the hub \\(arc stop\\).*start again \\(arc ensure\\)`))
    const status = await place.arc(['status'])
    t.match(json(status), { running: true, storage_problem: problem })
    t.equal(status.stderr, `arc: ${problem}\n`)
    const ensure = await place.arc(['ensure'])
    t.strictSame(json(ensure), { running: true, started: false, url, error: problem })
    t.equal(ensure.status, 1)
    t.match(json(await place.arc(['stop'])), { stopped: true, url })
  })
}

t.test('a pid file that was deleted is written again, since it alone leads to the hub', async (t) => {
  const place = new Place(t)
  await place.ensure()
  const file = place.room('.arc.pid')
  rmSync(file)
  await until('the file to be back', () => existsSync(file))
  t.equal((await place.arc(['agents'])).status, 0)
})

t.test('a room whose folder was deleted is cured as the text says, at any port', async (t) => {
  const place = new Place(t)
  const { url } = await place.ensure()
  await place.arc(['post', '--agent', 'a', 'kept'])
  rmSync(place.room(''), { recursive: true })
  await until('the hub to be found', () => existsSync(place.room('.arc.pid')))
  const status = await place.arc(['status'])
  t.match(json(status), { running: true, url, storage_problem: /rescued/ })
  t.match(json(await place.arc(['stop'])), { stopped: true, url })
  const rescued = readdirSync(place.room('')).find((name) => name.includes('rescued')) ?? ''
  renameSync(place.room(rescued), place.room('arc.sqlite3'))
  await place.ensure()
  t.match((await place.arc(['poll', '--agent', 'b', '--all', '--timeout', '0'])).stdout, /kept/)
})

t.test('status says for how long the storage has not answered', async (t) => {
  const place = new Place(t)
  const { url } = await place.ensure()
  // In front of the hub: it gives the status of one whose database server is away.
  const front = createServer(async (request, response) => {
    const answer = (await (await fetch(`${url}${request.url}`)).json()) as { result: Partial<HubStatus> }
    if (request.url === '/v1/status') answer.result.storage_silent_sec = 7
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  t.teardown(() => front.close())
  const { port } = front.address() as AddressInfo
  const status = await place.arc(['status', '--base-url', `http://127.0.0.1:${port}`])
  t.match(json(status), { running: true, storage_silent_sec: 7 })
  t.match(status.stderr, /^arc: the storage .*arc\.sqlite3 has not answered for 7 s: the hub refuses writes/)
})
