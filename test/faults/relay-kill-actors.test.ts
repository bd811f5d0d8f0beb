// One thread of the hub dies in the narrow moments of a request's life (relay-kill-points.suite.ts): the relay's
// or the storage's. The process lives on, and so does every file.

import { join } from 'node:path'
import type { Test } from 'tap'
import { Calls } from '../support/calls.js'
import { ownFolder } from '../support/folder.js'
import { startTestHub } from '../support/hub.js'
import { LogLines } from '../support/log-lines.js'
import { type Mortal, testKillPoints } from './relay-kill-points.suite.js'

testKillPoints('the relay', mortalActor('relay'))
testKillPoints('the storage', mortalActor('storage'))

function mortalActor(actor: 'relay' | 'storage') {
  return async (t: Test): Promise<Mortal> => {
    const folder = ownFolder(t)
    const log = new LogLines()
    const spool = join(folder, 'spool')
    const storagePath = join(folder, 'arc.sqlite3')
    const hub = await startTestHub(t, { storagePath, spoolDir: spool, logLevel: 'info', logSink: log })
    const calls = new Calls(t, hub.url)
    return {
      spool,
      storagePath,
      calls: () => calls,
      die: async (meanwhile) => {
        const killed = hub.kill(actor)
        meanwhile?.()
        await killed
        await log.has(new RegExp(`${actor} is back`))
      },
    }
  }
}
