// A page of another origin in a real Chromium, which embeds what the hub answers under each name that leads to this
// machine. It must have no effect. The hub's own page works under an address of the network, where the browser sends no
// fetch metadata.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import t, { type Test } from 'tap'
import type { HubStatus, Session } from '../../src/protocol/objects.js'
import { Calls, resultOf } from '../support/calls.js'
import { startTestHub } from '../support/hub.js'
import { until } from '../support/waiting.js'
import { browserTests, openPage } from './browser.js'

const address = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

// Newer browsers ask the person before a page of the internet may reach the local network. Here nothing shall depend on it.
const browserTest = await browserTests(t, [
  '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests,PrivateNetworkAccessNullIpAddress',
])

/** A site that serves one page, at `http://localhost:PORT`. */
function openSite(t: Test, html: string): Promise<string> {
  const server = createServer((_request, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end(html),
  )
  t.teardown(() => server.close())
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () =>
      resolve(`http://localhost:${(server.address() as AddressInfo).port}/`),
    ),
  )
}

browserTest(
  "what a foreign page embeds does not touch an agent's session, nor wait in its name",
  async (t, browser) => {
    const hub = await startTestHub(t, { host: '0.0.0.0', allowRemote: true })
    const calls = new Calls(t, `http://127.0.0.1:${hub.port}`)
    const bob = resultOf(await calls.post<Session>('/v1/sessions', { agent_id: 'bob' }))
    const hosts = ['0.0.0.0', '[::ffff:127.0.0.1]', '127.0.0.1', 'localhost', ...(address ? [address] : [])]
    const embedded = hosts.flatMap((host) => {
      const at = `http://${host}:${hub.port}/v1`
      return [
        `<img src="${at}/agents?as=bob" referrerpolicy="no-referrer">`,
        `<img src="${at}/events?agent_id=bob&timeout=30">`,
        `<script src="${at}/events?agent_id=bob&timeout=29"></script>`,
        `<iframe src="${at}/events?agent_id=bob&timeout=28"></iframe>`,
        `<script>fetch("${at}/stream?agent_id=bob", { mode: 'no-cors', referrerPolicy: 'no-referrer', headers: { accept: 'text/event-stream' } }).catch(() => {})</script>`,
      ]
    })
    const context = await browser.newContext()
    t.teardown(() => context.close())
    const page = await context.newPage()
    const ended = new Map<string, number | string>()
    page.on('response', (response) => ended.set(response.url(), response.status()))
    page.on('requestfailed', (request) => ended.set(request.url(), request.failure()?.errorText ?? 'failed'))
    await page.goto(await openSite(t, embedded.join('\n')), { waitUntil: 'commit' })
    const waiting = async () => resultOf(await calls.get<HubStatus>('/v1/status'))
    const ours = () => [...ended].filter(([url]) => url.includes('bob'))
    await until(
      () => `an effect, or ${embedded.length} refusals: ${JSON.stringify(ours())}`,
      async () => ours().length === embedded.length || (await waiting()).waiting_agents.includes('bob'),
    )
    t.strictSame((await waiting()).waiting_agents, [])
    t.match(await waiting(), { open_streams: 0 })
    for (const [url, end] of ours()) t.ok(end === 403 || typeof end === 'string', `${url}: ${end}`)
    t.comment(
      ours()
        .map(([url, end]) => `${new URL(url).hostname} ${end}`)
        .join(', '),
    )
    // A touch of the last attack would arrive before one that is made now.
    await calls.post('/v1/sessions', { agent_id: 'witness' })
    const seen = async (agent: string) =>
      resultOf(await calls.get<Session[]>('/v1/agents')).find(({ agent_id }) => agent_id === agent)
        ?.last_seen ?? ''
    const before = await seen('witness')
    await until('a later touch', async () => {
      await calls.say({ from_agent: 'witness', body: 'here' })
      return (await seen('witness')) > before
    })
    t.equal(await seen('bob'), bob.last_seen)
  },
)

browserTest('the page of the hub works under an address of the network', async (t, browser) => {
  if (address === undefined) return t.comment('this machine has no address but loopback')
  const hub = await startTestHub(t, { host: '0.0.0.0', allowRemote: true })
  const calls = new Calls(t, `http://127.0.0.1:${hub.port}`)
  const page = await openPage(t, browser, `http://${address}:${hub.port}/`)
  await until('its stream', async () => resultOf(await calls.get<HubStatus>('/v1/status')).open_streams === 1)
  await calls.say({ from_agent: 'ann', body: 'seen over the network' })
  await page.getByText('seen over the network').waitFor()
})
