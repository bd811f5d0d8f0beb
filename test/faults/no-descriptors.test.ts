// A hub that has no descriptors left when its storage dies, since clients hold them all and come again at once: it can't
// start another one, and gives up in good order instead of breaking off in the middle of the attempt.

import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { ownFolder } from '../support/folder.js'
import { reportOf, startScript } from '../support/processes.js'
import { until } from '../support/waiting.js'

const SCRIPT = new URL('./hub-to-be-killed.js', import.meta.url)
/** A hub with its relay has some 150 open. */
const DESCRIPTORS = 220
const CLIENTS = 400
const COMES_AGAIN_MS = 5

/** Clients that long-poll, each again as soon as its connection has ended. Tells how many have been turned away. */
function besiege(t: Test, url: string): { turnedAway: number } {
  const port = Number(new URL(url).port)
  const siege = { turnedAway: 0 }
  let isOver = false
  t.teardown(() => {
    isOver = true
  })
  const come = (i: number) => {
    if (isOver) return
    const socket = connect(port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    socket.write(`GET /v1/events?agent_id=a${i}&timeout=60 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`)
    socket.on('error', () => {}) // it closes then
    socket.on('close', () => {
      siege.turnedAway++
      setTimeout(come, COMES_AGAIN_MS, i)
    })
    socket.resume()
  }
  for (let i = 0; i < CLIENTS; i++) come(i)
  return siege
}

for (const [what, spool] of [
  ['', []],
  [' that serves a spool', ['spool']],
] as const) {
  t.test(`a hub${what} without descriptors gives up in good order when its storage dies`, async (t) => {
    const folder = ownFolder(t)
    const args = ['arc.sqlite3', ...spool].map((name) => `${folder}/${name}`)
    const hub = startScript(t, SCRIPT, args, { maxDescriptors: DESCRIPTORS })
    const { url } = await reportOf<{ url: string }>(hub)
    const siege = besiege(t, url)
    await until('the last descriptor to be taken', () => siege.turnedAway > CLIENTS)
    // Again and again: a new one may be lucky, and get descriptors that nobody has taken yet.
    const killing = setInterval(() => hub.child.send('kill', () => {}), 100) // it may just have ended
    t.teardown(() => clearInterval(killing))
    t.strictSame(await hub.exited, { code: 1, signal: null })

    const lines = hub.log.map((line) => (line.startsWith('{') ? JSON.parse(line) : { line }))
    t.strictSame(
      lines.filter(({ line }) => line !== undefined),
      [],
      'there is nothing in its log but the log',
    )
    const errors = lines.filter(({ level }) => level === 'error').map(({ msg }) => msg)
    t.ok(
      errors.some((msg) => /keeps failing, the hub gives up/.test(msg)),
      errors.join('; '),
    )
  })
}
