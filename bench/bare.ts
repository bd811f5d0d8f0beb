// A bare server beside the hubs: what Node itself does for the same work, on this machine, in this minute.
// It speaks as much of the protocol as the load needs, so that both get the same load from the same client.

import { startServer } from './processes.js'
import type { Who } from './report.js'

/** What a load needs to know of a server: a hub under test is one as well. */
export interface Loaded {
  readonly who: Who
  readonly url: string
  readonly pid: number | undefined
}

/** A server that is there for the duration of `work`. */
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
