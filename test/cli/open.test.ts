// `arc open`: hands the address of the hub to what opens the default browser, or prints it. The opener is a real
// program that is found by PATH; it writes down what it was given.

import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { platform } from 'node:os'
import t from 'tap'
import { json, Place } from '../support/arc-process.js'
import { startTestHub } from '../support/hub.js'

interface Report {
  readonly opened: boolean
  readonly url?: string
  readonly error?: string
}

const place = new Place(t)
const hub = await startTestHub(t, { storagePath: place.path('hub.sqlite3') })
writeFileSync(place.path('.arc.pid'), JSON.stringify({ pid: process.pid, port: hub.port, url: hub.url }))
const openers = place.below('openers')
const opener = (script: string) => {
  writeFileSync(`${openers}/xdg-open`, `#!/bin/sh\n${script}\n`)
  chmodSync(`${openers}/xdg-open`, 0o755)
  return { env: { PATH: `${openers}:${process.env.PATH}`, DISPLAY: ':0' } }
}
const url = `${hub.url}/`
const needsXdg = platform() === 'linux' ? false : 'the opener of this test is that of Linux desktops'

t.test('it opens the hub in the default browser', { skip: needsXdg }, async (t) => {
  const done = await place.arc(['open'], opener(`printf '%s' "$*" > ${openers}/given`))
  t.same(json<Report>(done), { opened: true, url })
  t.equal(readFileSync(`${openers}/given`, 'utf8'), url)
})

t.test('an opener that finds no browser is not believed', { skip: needsXdg }, async (t) => {
  const done = await place.arc(['open'], opener('exit 3'))
  t.same(json<Report>(done), { opened: false, url })
  t.match(done, { status: 0, stderr: `the dashboard is at ${url}` })
})

t.test('without a desktop it prints the address', { skip: needsXdg }, async (t) => {
  const done = await place.arc(['open'])
  t.same(json<Report>(done), { opened: false, url })
  t.match(done.stderr, url)
})

t.test('--print only prints', async (t) => {
  const done = await place.arc(['open', '--print'], opener(`echo > ${openers}/opened-anyway`))
  t.same(json<Report>(done), { opened: false, url })
  t.match(done, { status: 0, stderr: '' })
  t.throws(() => readFileSync(`${openers}/opened-anyway`))
})

t.test('without a hub it says how to start one', async (t) => {
  const done = await place.arc(['open', '--port', '1'])
  t.match(json<Report>(done), { opened: false, error: /arc ensure/ })
  t.equal(done.status, 1)
})
