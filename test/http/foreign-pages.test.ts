// PROTOCOL §16 where browsers send no fetch metadata (to an address of the network, or by an old one): what a foreign page
// embeds is refused all the same, the hub's own page is served, and clients that are no browsers notice nothing.

import { networkInterfaces } from 'node:os'
import t from 'tap'
import type { HubStatus } from '../../src/protocol/objects.js'
import { join, say, sessionOf, unique, until } from '../conformance/steps.js'
import { ownHub } from '../conformance/target.js'
import { type RawReply, speak } from '../conformance/wire.js'

t.jobs = 4
const address = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address
const hub = await ownHub(t, { host: '0.0.0.0', allowRemote: true })
const { port } = hub.hub
const HOSTS = [`127.0.0.1:${port}`, ...(address === undefined ? [] : [`${address}:${port}`])]

const FIREFOX = 'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const CHROME =
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
const POWERSHELL =
  'User-Agent: Mozilla/5.0 (Windows NT 10.0; Microsoft Windows 10.0.26100; en-US) PowerShell/7.5.2'
const WINDOWS_POWERSHELL =
  'User-Agent: Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.26100.1'

function get(host: string, path: string, lines: readonly string[]): Promise<RawReply> {
  const head = [`GET ${path} HTTP/1.1`, `Host: ${host}`, ...lines, 'Connection: close', '', '']
  return speak(`http://${host}`, head.join('\r\n'))
}

for (const host of HOSTS) {
  const where = host.replace(String(port), 'PORT')

  for (const [what, lines] of [
    ['an image', [CHROME, 'Accept: image/avif,image/webp,*/*;q=0.8', 'Referer: http://evil.example/']],
    ['an image without a Referer', [FIREFOX, 'Accept: image/avif,*/*', 'Accept-Language: en']],
    ['a script', [CHROME, 'Accept: */*']],
    ['a style', [FIREFOX, 'Accept: text/css,*/*;q=0.1']],
    ['a frame', [CHROME, 'Accept: text/html', 'Upgrade-Insecure-Requests: 1']],
    [
      'what a page fetches',
      [CHROME, 'Accept: text/event-stream', 'Accept-Language: *', 'Cache-Control: no-cache'],
    ],
    ['a page of a host that begins like this one', [CHROME, `Referer: http://${host}.evil.example/`]],
    ['a page of another port', [CHROME, `Referer: http://${host}1/`]],
    ['any client with a foreign Referer', ['User-Agent: Else/1.0', 'Referer: https://evil.example/']],
  ] as const) {
    t.test(`§16 ${where}: ${what} is a 403 without effect`, async (t) => {
      const bob = await join(hub, unique('bob'))
      const { agent_id } = bob
      const paths = [
        `/v1/agents?as=${agent_id}`,
        `/v1/events?agent_id=${agent_id}&timeout=1`,
        `/v1/stream?agent_id=${agent_id}`,
        '/v1/hub-info',
      ]
      // Touches of a witness show that those of the attacks would have arrived.
      const witness = await join(hub, unique('witness'))
      await until('a touch that would show', async () => {
        for (const path of paths) t.equal((await get(host, path, lines)).status, 403, path)
        await say(hub, { from_agent: witness.agent_id })
        const seen = (await sessionOf(hub, witness.agent_id))?.last_seen ?? ''
        return Date.parse(seen) > Date.parse(bob.last_seen) + 1_000
      })
      t.strictSame(await sessionOf(hub, agent_id), bob)
    })
  }

  t.test(`§16 ${where}: the page of the hub is served by its Referer or Origin`, async (t) => {
    for (const line of [
      `Referer: http://${host}/`,
      `Referer: https://${host}/?x#y`,
      `Origin: http://${host}`,
    ])
      t.equal((await get(host, '/v1/hub-info', [CHROME, line])).status, 200, line)
  })

  t.test(`§16 ${where}: the page itself is served to whoever follows a link to it`, async (t) => {
    for (const path of ['/', '/?view=general'])
      t.equal((await get(host, path, [FIREFOX, 'Referer: http://example.org/'])).status, 200)
  })

  t.test(`§16 ${where}: clients that are no browsers notice nothing`, async (t) => {
    for (const lines of [
      [],
      ['User-Agent: curl/8.14.1', 'Accept: */*'],
      ['User-Agent: python-requests/2.32', 'Accept-Encoding: gzip, deflate', 'Accept: */*'],
      ['User-Agent: node', 'Accept: */*', 'Accept-Language: *', 'Sec-Fetch-Mode: cors'],
      [POWERSHELL],
      [WINDOWS_POWERSHELL],
    ])
      t.equal((await get(host, '/v1/hub-info', lines)).status, 200, lines.join())
  })
}

for (const dest of ['image', 'script', 'iframe', 'style', 'track', 'video']) {
  t.test(`§16 what a page of the hub embeds as ${dest} is not the hub's answers`, async (t) => {
    const lines = [CHROME, 'Sec-Fetch-Site: same-origin', `Sec-Fetch-Dest: ${dest}`]
    t.equal((await get(HOSTS[0] as string, '/v1/agents?as=bob', lines)).status, 403)
    t.equal((await get(HOSTS[0] as string, '/', lines)).status, 200, 'the page has no effects')
  })
}

t.test('§16 every answer forbids pages to guess at its type, and other origins to embed it', async (t) => {
  const [host = ''] = HOSTS
  const [, asset = ''] = /src="([^"]+)"/.exec((await get(host, '/', [])).text) ?? []
  const [, etag = ''] = (await get(host, '/', [])).headers.find(([name]) => name === 'etag') ?? []
  const stream = new AbortController()
  const opened = await fetch(`http://${host}/v1/stream?agent_id=ann`, { signal: stream.signal })
  const opening = [...opened.headers]
  stream.abort()
  const answers: (readonly [string, RawReply['headers']])[] = [['a stream', opening]]
  for (const [status, path, lines] of [
    [200, '/', []],
    [304, '/', [`If-None-Match: ${etag}`]],
    [200, asset, []],
    [200, '/v1/hub-info', []],
    [400, '/v1/messages', []],
    [400, '/v1/stream', []],
    [403, '/v1/hub-info', ['Origin: null']],
    [404, '/nowhere', []],
    [404, '/assets/nothing', []],
    [405, '/v1/claims/refresh', []],
    [400, '/käse', []],
    [431, '/', [`X: ${'x'.repeat(20_480)}`]],
  ] as const) {
    const reply = await get(host, path, lines)
    t.equal(reply.status, status, path)
    answers.push([`${status} ${path}`, reply.headers])
  }
  answers.push([
    '201',
    [...(await fetch(`http://${host}/v1/channels`, { method: 'POST', body: '{"name":"x"}' })).headers],
  ])
  for (const [what, headers] of answers) {
    const named = new Map(headers)
    t.equal(named.get('x-content-type-options'), 'nosniff', what)
    t.equal(named.get('cross-origin-resource-policy'), 'same-origin', what)
  }
  t.equal((await hub.get<HubStatus>('/v1/status')).status, 200)
})
