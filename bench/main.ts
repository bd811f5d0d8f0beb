// Runs the benchmark scenarios and prints them, with what is needed to read the figures.
//
//   npm run bench                            all scenarios, as tables
//   npm run bench -- relay relay-wait        some of them
//   npm run bench -- --json                  as JSON
//   npm run bench -- --rounds 5 --seconds 5

import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { VERSION } from '../src/version.js'
import { type PostsRow, posts } from './scenarios/posts.js'
import { type RelayRow, type RelayWaitRow, relay, relayWait } from './scenarios/relay.js'
import { type StartsRow, starts } from './scenarios/starts.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
  },
})
const rounds = Number(values.rounds)
const environment = {
  arc: VERSION,
  node: process.version,
  cores: cpus().length,
  durability: 'WAL, synchronous=FULL',
}

interface Scenario<Row> {
  readonly about: string
  readonly run: () => Promise<readonly Row[]>
  /** A row as a person reads it. */
  readonly shown: (row: Row) => Record<string, string | number>
}

const scenario = <Row>(given: Scenario<Row>) => given as Scenario<unknown>

const SCENARIOS: Record<string, Scenario<unknown>> = {
  posts: scenario<PostsRow>({
    about: 'durable POST /v1/messages beside a bare node:http JSON echo',
    run: () => posts({ connections: [1, 8, 64], rounds, secondsPerRound: Number(values.seconds) }),
    shown: ({ connections, bare, hub, ratio }) => ({
      connections,
      'bare/s': Math.round(bare.perSecond),
      'hub/s': Math.round(hub.perSecond),
      ratio: spread(ratio),
      'bare p50/p99 ms': `${bare.p50Ms.toFixed(2)} / ${bare.p99Ms.toFixed(2)}`,
      'hub p50/p99 ms': `${hub.p50Ms.toFixed(2)} / ${hub.p99Ms.toFixed(2)}`,
      'bare µs': processorTime(bare.threadsUs),
      'hub µs': processorTime(hub.threadsUs),
    }),
  }),
  relay: scenario<RelayRow>({
    about: 'posts over files, 250 of each agent at once, beside a bare loop of the same file operations',
    run: () => relay({ agents: [1, 8], rounds, postsEach: 250 }),
    shown: ({ agents, requests, barePerSecond, hubPerSecond, ratio, p50Ms, p99Ms }) => ({
      agents,
      requests,
      'bare/s': Math.round(barePerSecond),
      'hub/s': Math.round(hubPerSecond),
      ratio: spread(ratio),
      'p50/p99 ms': `${p50Ms.toFixed(1)} / ${p99Ms.toFixed(1)}`,
    }),
  }),
  'relay-wait': scenario<RelayWaitRow>({
    about: 'one post after another over files, while others long-poll there; and how soon those are woken',
    run: () => relayWait({ pollers: [0, 10, 50], posts: 500 }),
    shown: ({ pollers, postP50Ms, postP99Ms, wakeP50Ms, wakeP95Ms }) => ({
      pollers,
      'round trip p50/p99 ms': `${postP50Ms.toFixed(1)} / ${postP99Ms.toFixed(1)}`,
      'wake p50/p95 ms': pollers === 0 ? '' : `${wakeP50Ms.toFixed(1)} / ${wakeP95Ms.toFixed(1)}`,
    }),
  }),
  starts: scenario<StartsRow>({
    about: 'arc ensure from cold',
    run: async () => starts({ runs: 10 }),
    shown: ({ runs, wallMs, hubMs, bareMs }) => ({
      runs,
      'ms (min–max)': `${wallMs.median.toFixed(0)} (${wallMs.min.toFixed(0)}–${wallMs.max.toFixed(0)})`,
      "hub's processor ms": Math.round(hubMs),
      'node -e 0 ms': Math.round(bareMs),
    }),
  }),
}

const names = positionals.length > 0 ? positionals : Object.keys(SCENARIOS)
const results: object[] = []
for (const name of names) {
  const chosen = SCENARIOS[name]
  if (!chosen) throw new Error(`no scenario ${name}; there are ${Object.keys(SCENARIOS).join(', ')}`)
  const rows = await chosen.run()
  results.push({ scenario: name, rows })
  if (values.json) continue
  console.log(`${name}: ${chosen.about}  ${JSON.stringify(environment)}`)
  console.table(rows.map(chosen.shown))
}
if (values.json) console.log(JSON.stringify({ environment, rounds, results }, null, 2))

/** All threads together, and the two busiest: of the hub, gateway and storage. */
function processorTime(threadsUs: readonly number[]): string {
  const [first = 0, second = 0] = threadsUs
  const all = threadsUs.reduce((sum, time) => sum + time, 0)
  return `${all.toFixed(0)} (${first.toFixed(0)} + ${second.toFixed(0)} + …)`
}

function spread({ median, min, max }: { median: number; min: number; max: number }): string {
  return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`
}
