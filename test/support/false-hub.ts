// A server that answers as a hub and lies: it names the process and the database that the test chooses. A shutdown request
// ends it, as it ends a hub; so does the end of the test.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

export interface Lies {
  pid: number
  started_at: string
  instance_id: string
  storage_path: string
}

export interface FalseHub {
  readonly url: string
  readonly port: number
  /** The requests that it got, such as `GET /v1/hub-info`. */
  readonly asked: readonly string[]
}

/** Starts it in this process, which is not the process that it names. */
export async function startFalseHub(t: Test, lies: Lies, host = '127.0.0.1'): Promise<FalseHub> {
  const asked: string[] = []
  const server = serveLies(lies, (line) => asked.push(line))
  server.listen(0, host)
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  return { url: `http://${host}:${port}`, port, asked }
}

/** Starts it in a process of its own, and it names that process truly. */
export async function startFalseHubProcess(
  t: Test,
  lies: Omit<Lies, 'pid'>,
): Promise<FalseHub & { pid: number }> {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(lies)], {
    execArgv: [],
    env: {},
  })
  t.teardown(() => child.kill('SIGKILL'))
  const [port] = (await once(child, 'message')) as [number]
  return { url: `http://127.0.0.1:${port}`, port, asked: [], pid: child.pid ?? 0 }
}

function serveLies(lies: Lies, note: (line: string) => void): Server {
  const server = createServer((request, response) => {
    note(`${request.method} ${request.url}`)
    const features = ['arc:status']
    const answers = new Map<string | undefined, object>([
      ['/v1/hub-info', { protocol_version: '1', implementation: 'arc-hub', features, ...lies }],
      ['/v1/status', lies],
    ])
    response.setHeader('Connection', 'close')
    response.end(JSON.stringify({ ok: true, result: answers.get(request.url) ?? {} }))
    if (request.url === '/v1/shutdown') server.close()
  })
  return server
}

if (process.send && process.argv[1] === fileURLToPath(import.meta.url)) {
  const lies = { ...(JSON.parse(process.argv[2] ?? '') as Omit<Lies, 'pid'>), pid: process.pid }
  const server = serveLies(lies, () => {}).listen(0, '127.0.0.1')
  server.on('listening', () => process.send?.((server.address() as AddressInfo).port))
  server.on('close', () => process.exit())
}
