// The way over files and a stand-alone relay to a hub that has none of its own, for the suites.

import { mkdirSync } from 'node:fs'
import { Relay } from '../../src/relay/standalone.js'
import { relay, spoolIn } from './relay-way.js'
import type { Way } from './room.js'

export const standalone: Way = {
  name: 'stand-alone relay',
  connect: relay.connect,
  open: async ({ hub, folder }) => {
    const spoolDir = spoolIn(folder)
    mkdirSync(spoolDir)
    const onFailure = (error: Error) => {
      throw error
    }
    const between = new Relay({ baseUrl: hub.url, spoolDir, log: () => {}, onFailure })
    await between.start()
    return () => between.stop()
  },
}
