// A hub that is profiled by Node's own flags: the actors get those that they can be given.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { script } from '../../bench/processes.js'
import { ownFolder } from '../support/folder.js'

const HUB = script('hub-process')

t.test('it starts whichever way the flags are written, and each thread leaves a profile', async (t) => {
  const folder = ownFolder(t)
  const execArgv = ['--cpu-prof', '--cpu-prof-interval', '10000', `--cpu-prof-dir=${folder}`]
  const hub = fork(HUB, [join(folder, 'arc.sqlite3')], { execArgv })
  t.teardown(() => hub.kill('SIGKILL'))
  const exited = once(hub, 'exit')
  const first = await Promise.race([once(hub, 'message'), exited.then(([code]) => [`ended with ${code}`])])
  t.match(first, [{ port: Number }])
  hub.kill('SIGTERM')
  await exited
  const profiles = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'))
  t.ok(profiles.length >= 3, 'at least the supervisor, the storage and the gateway')
})
