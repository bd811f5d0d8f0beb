// The three ways into a hub, as bytes: over HTTP, as a file for the hub's own relay, and as a file for a stand-alone relay.
// Each sends a request unchanged, so a test can send requests that no client would.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { request } from 'undici'
import { Relay } from '../../src/relay/standalone.js'
import { ownFolder } from './folder.js'
import { startTestHub } from './hub.js'
import { RawAgent } from './raw-agent.js'

export interface DoorReply {
  readonly status: number
  /** The hub's envelope, unchanged; empty if no hub has answered. */
  readonly text: string
  /** The error text that the client gets; empty for a success. */
  readonly error: string
}

export interface Door {
  readonly name: string
  /** Sends a request. `body` is JSON text, or any other text. */
  send(method: string, path: string, body?: string): Promise<DoorReply>
  /** Sends bytes in place of the whole body, or the whole request file of a post. */
  sendBytes(bytes: Uint8Array): Promise<DoorReply>
  /** The text for `sendBytes` that posts a message with this body. */
  whole(body: string): string
}

/** All three ways, each to a hub of its own. */
export async function openDoors(t: Test): Promise<Door[]> {
  const [first, second] = [join(ownFolder(t), 'spool'), join(ownFolder(t), 'spool')]
  const hub = await startTestHub(t, { spoolDir: first })
  const behind = await startTestHub(t)
  mkdirSync(second)
  const onFailure = (error: Error) => {
    throw error
  }
  const relay = new Relay({ baseUrl: behind.url, spoolDir: second, log: () => {}, onFailure })
  await relay.start()
  t.teardown(() => relay.stop())
  return [httpDoor(hub.url), fileDoor('files', first), fileDoor('a relay that stands alone', second)]
}

function httpDoor(url: string): Door {
  const call = async (method: string, path: string, body?: string | Uint8Array): Promise<DoorReply> => {
    const response = await request(url + path, { method: method as 'POST', body: body ?? null })
    const text = await response.body.text()
    return { status: response.statusCode, text, error: (JSON.parse(text) as { error?: string }).error ?? '' }
  }
  return {
    name: 'HTTP',
    send: call,
    sendBytes: (bytes) => call('POST', '/v1/messages', bytes),
    whole: (body) => body,
  }
}

function fileDoor(name: string, spool: string): Door {
  const agent = new RawAgent(spool, 'raw')
  const whole = (method: string, path: string, body = 'null') =>
    `{"request_id":"r","agent_id":"raw","method":"${method}","path":${JSON.stringify(path)},"body":${body}}`
  const put = async (content: string | Uint8Array): Promise<DoorReply> => {
    const stem = agent.nextStem()
    agent.put(`${stem}.json`, content)
    const { status, error = '' } = await agent.response(stem)
    return { status, error, text: agent.responseText(stem).match(/"body":(.*),"completed_at"/s)?.[1] ?? '' }
  }
  return {
    name,
    send: (method, path, body) => put(whole(method, path, body)),
    sendBytes: put,
    whole: (body) => whole('POST', '/v1/messages', body),
  }
}
