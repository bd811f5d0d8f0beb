// A real hub for a test: in its own folder, on any free port, stopped with the test.

import { join } from 'node:path'
import type { Test } from 'tap'
import { type Hub, type HubOptions, startHub } from '../../src/actors/hub.js'
import { ownFolder } from './folder.js'

// By this variable the test runner loads itself into every thread and process that comes to be in a test:
// the hub's threads then take three times as long to start (0.7 against 0.25 s).
delete process.env.NODE_OPTIONS

export { startHub }

export async function startTestHub(t: Test, options: Partial<HubOptions> = {}): Promise<Hub> {
  const storagePath = options.storagePath ?? join(ownFolder(t), 'arc.sqlite3')
  const hub = await startHub({ port: 0, logLevel: 'silent', ...options, storagePath })
  t.teardown(() => hub.stop())
  return hub
}
