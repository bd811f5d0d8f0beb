// A client over the relay: posts, waits for a message, and reports how long its posts took, what it received,
// and whether it could have watched its folder.

import { watch } from 'node:fs'
import { ArcClient } from '../../src/sdk/index.js'

const [spoolDir = ''] = process.argv.slice(2)
const client = ArcClient.overRelay('client', { spoolDir })
const postsMs: number[] = []
for (let i = 0; i < 5; i++) {
  const startedAt = performance.now()
  await client.post(`post ${i}`)
  postsMs.push(Math.round(performance.now() - startedAt))
}
const received = (await client.poll({ timeout: 50 })).map(({ body }) => body)
await client.close()
process.stdout.write(JSON.stringify({ watched: canWatch(), postsMs, received }))

function canWatch(): boolean {
  try {
    watch(spoolDir, () => {}).close()
    return true
  } catch {
    return false
  }
}
