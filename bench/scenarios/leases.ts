// Claims: one request after another acquires, refreshes and releases them, free ones and ones that another agent holds.
// The baseline gets the same requests and stores nothing.

import { withBare } from '../bare.js'
import { type Scenario, samplesOf } from '../bench.js'
import type { LoadRequest } from '../load/http-load.js'
import { httpLoad } from '../load.js'
import { script } from '../processes.js'

const ECHO = script('echo-server')

const claim = (path: string, fields: object): LoadRequest => ({ path, body: JSON.stringify(fields) })

const HELD = claim('/v1/claims', { claim_key: 'bench-held', owner_agent_id: 'holder', ttl_sec: 3_600 })
/** All of them succeed if they are sent one by one in this order. */
const TURNS: Readonly<Record<string, LoadRequest>> = {
  'acquire, free': claim('/v1/claims', { claim_key: 'bench-free', owner_agent_id: 'bench' }),
  'acquire, own': claim('/v1/claims', { claim_key: 'bench-free', owner_agent_id: 'bench' }),
  refresh: claim('/v1/claims/refresh', { claim_key: 'bench-free', owner_agent_id: 'bench' }),
  'acquire, held by another': claim('/v1/claims', { claim_key: 'bench-held', owner_agent_id: 'bench' }),
  release: claim('/v1/claims/release', { claim_key: 'bench-free', agent_id: 'bench' }),
}

export const leases: Scenario = {
  name: 'leases',
  about: 'claims one after another, free and held; bare: a node:http server that echoes JSON',
  run: (bench) =>
    bench.withHubs((hubs) =>
      withBare(ECHO, async (bare) => {
        for (const { url } of hubs) await httpLoad({ url, requests: [HELD], connections: 1, count: 1 })
        const names = Object.keys(TURNS)
        const results = await bench.alternate(
          [...hubs, bare].map(({ who, url }) => {
            const turns = bench.quick ? 50 : 400
            const job = { url, requests: Object.values(TURNS), connections: 1, count: turns * names.length }
            return [who, () => httpLoad(job)] as const
          }),
        )
        for (const [place, name] of names.entries()) {
          bench.latencies(
            'one agent',
            name,
            samplesOf(results, ({ latenciesMs }) => latenciesMs[place] ?? []),
          )
        }
      }),
    ),
}
