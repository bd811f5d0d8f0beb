// Runs the benchmark scenarios and prints them, with what is needed to read the figures.
//
//   npm run bench                            a table
//   npm run bench -- --json                  the same as JSON
//   npm run bench -- --rounds 5 --seconds 5

import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { VERSION } from '../src/version.js'
import { type PostsRow, posts } from './scenarios/posts.js'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
  },
})
const settings = {
  connections: [1, 8, 64],
  rounds: Number(values.rounds),
  secondsPerRound: Number(values.seconds),
}
const environment = {
  arc: VERSION,
  node: process.version,
  cores: cpus().length,
  durability: 'WAL, synchronous=FULL',
}
const rows = await posts(settings)

if (values.json) console.log(JSON.stringify({ scenario: 'posts', environment, settings, rows }, null, 2))
else printTable(rows)

function printTable(rows: readonly PostsRow[]): void {
  console.log(
    `posts: durable POST /v1/messages beside a bare node:http JSON echo  ${JSON.stringify(environment)}`,
  )
  console.table(
    rows.map(({ connections, bare, hub, ratio }) => ({
      connections,
      'bare/s': Math.round(bare.perSecond),
      'hub/s': Math.round(hub.perSecond),
      ratio: `${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`,
      'bare p50/p99 ms': `${bare.p50Ms.toFixed(2)} / ${bare.p99Ms.toFixed(2)}`,
      'hub p50/p99 ms': `${hub.p50Ms.toFixed(2)} / ${hub.p99Ms.toFixed(2)}`,
    })),
  )
}
