// The bare server beside the hubs: it shows what Node itself does for the same work, on this machine, in this minute.
// It speaks as much of the protocol as the load needs, so one client can load both in the same way.

import { startServer } from './processes.js'
import type { Who } from './report.js'

/** What a load needs to know about a server. A hub under test is one as well. */
export interface Loaded {
  readonly who: Who
  readonly url: string
  readonly pid: number | undefined
}

/** Runs a server until `work` ends. */
export async function withBare<T>(
  module: URL,
  work: (bare: Loaded) => Promise<T>,
  args: readonly string[] = [],
): Promise<T> {
  const server = await startServer(module, args)
  try {
    return await work({ who: 'bare', url: `http://127.0.0.1:${server.port}`, pid: server.pid })
  } finally {
    await server.stop()
  }
}
