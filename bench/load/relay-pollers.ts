// Agents in long-polls over the file relay, in a process of their own. It reports over IPC that they poll, then
// `{id, receivedAtMs}` of each message that one of them gets. That agent then polls again.

import { ArcClient } from '../../src/sdk/index.js'

const [spoolDir = '', count = '0'] = process.argv.slice(2)
const POLL_SEC = 60

const clients = Array.from({ length: Number(count) }, (_, i) =>
  ArcClient.overRelay(`poller-${i}`, { spoolDir }),
)
await Promise.all(clients.map((client) => client.bootstrap()))
for (const [i, client] of clients.entries()) void pollForEver(client, `thread-${i}`)
process.send?.({ pollers: clients.length })

async function pollForEver(client: ArcClient, threadId: string): Promise<never> {
  for (;;) {
    const messages = await client.poll({ threadId, timeout: POLL_SEC })
    const receivedAtMs = epochMs()
    for (const { id } of messages) process.send?.({ id, receivedAtMs })
  }
}

/** Epoch milliseconds that compare between processes, and are finer than `Date.now`. */
function epochMs(): number {
  return performance.timeOrigin + performance.now()
}
