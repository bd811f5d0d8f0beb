// A hub that speaks version 1 of the protocol and nothing beyond it, as the reference hub does: a real hub of ours behind a
// proxy that hides what is ours. It announces no token of ours, serves none of our routes, ignores our members and headers,
// and answers without `code`.

import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { startTestHub } from './hub.js'

const OUR_ROUTES =
  /^\/v1\/(status|mailboxes\/|undelivered|scopes|slots|tasks\/next|messages\/|agents\/|sessions\/[^/]+\/alive|tasks\/[^/]+\/(reopen|assign|blocked-by))/
const OUR_QUERY = ['before_id', 'cursor', 'changes', 'ready']
const OUR_MEMBERS = [
  ...['presence_ttl_sec', 'harness', 'process', 'reuse'],
  ...['to_must_exist', 'if_latest', 'fence', 'claim_fence', 'by_operator', 'wait', 'timeout'],
]
const OUR_RESULTS = ['code', 'recipient', 'fence', 'waiting', 'next', 'cut']

export async function startV1Hub(t: Test): Promise<{ readonly url: string }> {
  const hub = await startTestHub(t)
  const server = createServer((request, response) => {
    void answer(hub.url, request).then(
      ({ status, body }) => response.writeHead(status, { 'content-type': 'application/json' }).end(body),
      () => response.destroy(),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function answer(hub: string, request: IncomingMessage): Promise<{ status: number; body: string }> {
  const url = new URL(request.url ?? '/', hub)
  if (OUR_ROUTES.test(url.pathname)) return { status: 404, body: '{"ok":false,"error":"not found"}' }
  for (const name of OUR_QUERY) url.searchParams.delete(name)
  if (request.method === 'POST') url.searchParams.delete('timeout')
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  const init = { method: request.method ?? 'GET', ...(text !== '' && { body: without(text, OUR_MEMBERS) }) }
  const response = await fetch(url, init)
  const body = JSON.parse(without(await response.text(), OUR_RESULTS))
  if (url.pathname === '/v1/hub-info') {
    body.result.features = body.result.features.filter((feature: string) => !feature.startsWith('arc:'))
    delete body.result.presence_ttl_sec
  }
  return { status: response.status, body: JSON.stringify(body) }
}

function without(json: string, members: readonly string[]): string {
  const given = JSON.parse(json) as Record<string, unknown>
  for (const member of members) delete given[member]
  return JSON.stringify(given)
}
