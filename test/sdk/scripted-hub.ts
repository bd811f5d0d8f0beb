// A real HTTP server that answers as a test tells it to, request by request: drops connections, says 503,
// holds a poll. It speaks the envelope of PROTOCOL §1 and knows nothing else.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import type { Test } from 'tap'

export interface Seen {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly key: string | undefined
  readonly body: Record<string, unknown>
  readonly socket: Socket
  /** How many of the requests so far were for this method and pathname, this one included. */
  readonly nth: number
}

export interface Exchange extends Seen {
  ok(result: unknown, headers?: Record<string, string>): void
  fail(status: number, envelope: Record<string, unknown>, headers?: Record<string, string>): void
  raw(status: number, contentType: string, text: string): void
  /** Cuts the connection instead of answering. */
  drop(): void
}

export interface ScriptedHub {
  readonly url: string
  readonly port: number
  readonly seen: readonly Seen[]
  /** Those for `<method> <pathname>`. */
  of(route: string): readonly Seen[]
  /** Resolves when the request that makes this true has come. */
  until(condition: (hub: ScriptedHub) => boolean): Promise<void>
  stop(): Promise<void>
}

export async function scriptedHub(
  t: Test,
  script: (exchange: Exchange) => void,
  port = 0,
): Promise<ScriptedHub> {
  const seen: Seen[] = []
  const waiting = new Set<() => void>()
  const server = createServer((request, response) => {
    void read(request).then((text) => {
      const url = new URL(request.url ?? '/', 'http://hub')
      const route = `${request.method} ${url.pathname}`
      const one: Seen = {
        method: request.method ?? '',
        path: request.url ?? '',
        query: url.searchParams,
        key: request.headers['idempotency-key'] as string | undefined,
        body: text === '' ? {} : JSON.parse(text),
        socket: request.socket,
        nth: hub.of(route).length + 1,
      }
      seen.push(one)
      script({ ...one, ...answers(request, response) })
      for (const check of waiting) check()
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const bound = (server.address() as AddressInfo).port
  const hub: ScriptedHub = {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    seen,
    of: (route) => seen.filter((one) => `${one.method} ${one.path.split('?', 1)[0]}` === route),
    until: (condition) =>
      new Promise((resolve) => {
        const check = () => {
          if (!condition(hub)) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  t.teardown(() => hub.stop())
  return hub
}

/** A TCP server that is no HTTP server. */
export async function tcpServer(t: Test, onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onConnection(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

async function read(request: IncomingMessage): Promise<string> {
  let text = ''
  request.setEncoding('utf8')
  for await (const chunk of request) text += chunk
  return text
}

function answers(request: IncomingMessage, response: ServerResponse) {
  const send = (status: number, contentType: string, text: string, headers: Record<string, string> = {}) =>
    response.writeHead(status, { 'content-type': contentType, ...headers }).end(text)
  return {
    ok: (result: unknown, headers?: Record<string, string>) =>
      void send(200, 'application/json', JSON.stringify({ ok: true, result }), headers),
    fail: (status: number, envelope: Record<string, unknown>, headers?: Record<string, string>) =>
      void send(status, 'application/json', JSON.stringify({ ok: false, ...envelope }), headers),
    raw: (status: number, contentType: string, text: string) => void send(status, contentType, text),
    drop: () => void request.socket.destroy(),
  }
}

export const OUR_HUB = { features: ['sse', 'arc:idempotency_key'] }
export const REFERENCE_HUB = { features: ['sse', 'relay'] }

/** A message as a hub would send it. */
export function message(id: number, fields: Record<string, unknown> = {}) {
  return {
    id,
    ts: '2026-01-31T12:00:00Z',
    from_agent: 'other',
    to_agent: null,
    channel: 'general',
    kind: 'chat',
    body: `message ${id}`,
    attachments: [],
    reply_to: null,
    thread_id: null,
    metadata: {},
    ...fields,
  }
}

/** The stored messages after the request's `since_id`. */
export function rows(x: Exchange, stored: readonly { id: number }[]) {
  const sinceId = Number(x.query.get('since_id'))
  return stored.filter((row) => row.id > sinceId)
}
