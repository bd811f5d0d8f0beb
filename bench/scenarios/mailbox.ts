// A mailbox in a large room, read by one agent on one connection. Most looks find nothing, so the first figure is an offer of
// nothing, beside an inbox with nothing of the same hub. Then the whole way of direct messages: a post, an offer, `shown`.

import { Client } from 'undici'
import { type Bench, type Scenario, valuesOf } from '../bench.js'
import { type HubUnderTest, result } from '../hubs.js'
import type { LoadRequest } from '../load/http-load.js'
import { httpLoad } from '../load.js'
import { percentile } from '../statistics.js'

const AGENT = 'mailbox-reader'
const FILL: LoadRequest = {
  path: '/v1/messages',
  body: JSON.stringify({ from_agent: 'mailbox-writer', body: `message {i} ${'x'.repeat(180)}` }),
}
const DIRECT = JSON.stringify({ from_agent: 'mailbox-writer', to_agent: AGENT, body: 'for you' })
const OFFER = JSON.stringify({ reader: 'bench' })
const EMPTY: readonly LoadRequest[] = [
  { method: 'GET', path: `/v1/inbox/${AGENT}-of-nothing` },
  { path: `/v1/mailboxes/${AGENT}/offer`, body: OFFER },
]

interface Round {
  readonly inboxMs: readonly number[]
  readonly offerMs: readonly number[]
  readonly chainMs: readonly number[]
}

export const mailbox: Scenario = {
  name: 'mailbox',
  about: 'a mailbox in a large room; bare: an inbox with nothing at the same hub',
  run: (bench) =>
    bench.withHubs(async (hubs) => {
      const able = await announcing(bench, hubs)
      for (const { url } of able) {
        const count = bench.quick ? 1_000 : 100_000
        await httpLoad({ url, requests: [FILL], connections: 64, count, by: 'sockets' })
      }
      const rounds = await bench.alternate(
        able.map(({ who, url }) => [who, () => measure(bench, url)] as const),
      )
      const p50 = (pick: (round: Round) => readonly number[]) =>
        valuesOf(rounds, (round) =>
          percentile(
            [...pick(round)].sort((a, b) => a - b),
            0.5,
          ),
        )
      const [offers, inboxes] = [p50((round) => round.offerMs), p50((round) => round.inboxMs)]
      const of = 'a large room'
      bench.record({
        of,
        what: 'offer of nothing p50',
        unit: 'ms',
        values: { ...offers, bare: inboxes.hub ?? [] },
        goal: { of: 'ratio', atMost: 1.2 },
      })
      bench.record({ of, what: 'post, offer, shown p50', unit: 'ms', values: p50((round) => round.chainMs) })
    }),
}

async function announcing(bench: Bench, hubs: readonly HubUnderTest[]): Promise<HubUnderTest[]> {
  const able: HubUnderTest[] = []
  for (const hub of hubs) {
    const { features } = await result<{ features: readonly string[] }>(hub.url, '/v1/hub-info')
    if (features.includes('arc:mailbox')) able.push(hub)
    else bench.cannot(hub.who, 'mailboxes', 'it does not announce arc:mailbox')
  }
  return able
}

async function measure(bench: Bench, url: string): Promise<Round> {
  const client = new Client(url)
  const post = async (path: string, body: string) => {
    const { statusCode, body: text } = await client.request({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json' },
      body,
    })
    if (statusCode >= 300) throw new Error(`POST ${path}: ${statusCode} ${await text.text()}`)
    return ((await text.json()) as { result: { offer_id: string | null } }).result
  }
  const offer = () => post(`/v1/mailboxes/${AGENT}/offer`, OFFER)
  const shown = (offer_id: string) =>
    post(`/v1/mailboxes/${AGENT}/shown`, JSON.stringify({ offer_id, via: 'bench' }))
  try {
    await post('/v1/sessions', JSON.stringify({ agent_id: AGENT, reuse: true, presence_ttl_sec: 86_400 }))
    for (let left = await offer(); left.offer_id !== null; left = await offer()) await shown(left.offer_id)
    const count = bench.quick ? 200 : 2_000
    const { latenciesMs } = await httpLoad({ url, requests: EMPTY, connections: 1, count: 2 * count })
    const chainMs: number[] = []
    for (let i = 0; i < count / 10; i++) {
      const startedAt = performance.now()
      await post('/v1/messages', DIRECT)
      await shown((await offer()).offer_id ?? '')
      chainMs.push(performance.now() - startedAt)
    }
    return { inboxMs: latenciesMs[0] ?? [], offerMs: latenciesMs[1] ?? [], chainMs }
  } finally {
    await client.close()
  }
}
