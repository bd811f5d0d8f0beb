// A hub whose database was deleted or replaced under it: `status` and `ensure` say so, in words that tell what to do.

import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import t from 'tap'
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
