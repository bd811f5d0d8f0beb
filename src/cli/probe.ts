// Asks an address which hub answers there. It does not load the SDK, so commands that only look start fast.

import { request as requestHttp } from 'node:http'
import type { Envelope } from '../protocol/envelope.js'
import type { HubInfo, HubStatus } from '../protocol/objects.js'

const PROBE_TIMEOUT_MS = 3_000

export type Probe =
  /** A hub of any implementation; `status` if it is ours. */
  | { readonly kind: 'hub'; readonly info: HubInfo; readonly status: HubStatus | undefined }
  /** Another program listens there, or the listener does not answer in time. */
  | { readonly kind: 'foreign'; readonly reason: string }
  | { readonly kind: 'nobody' }
  /** The connection failed for another reason: there is no such host, or no route to it. */
  | { readonly kind: 'unreachable'; readonly reason: string }

export async function probe(url: string): Promise<Probe> {
  try {
    const info = await ask<HubInfo>(url, 'GET', '/v1/hub-info')
    if (!info?.protocol_version) return { kind: 'foreign', reason: 'it does not speak the Arc protocol' }
    const status = info.features.includes('arc:status')
      ? await ask<HubStatus>(url, 'GET', '/v1/status')
      : undefined
    return { kind: 'hub', info, status }
  } catch (error) {
    if (!(error instanceof NoConnection)) return { kind: 'foreign', reason: (error as Error).message }
    const { code, message } = error.cause as NodeJS.ErrnoException
    return code === 'ECONNREFUSED' ? { kind: 'nobody' } : { kind: 'unreachable', reason: message }
  }
}

/** The request did not leave this process. */
class NoConnection extends Error {}

/** The `result` of an Arc answer; undefined when the answer isn't one. */
export async function ask<T>(
  url: string,
  method: string,
  path: string,
  body?: object,
): Promise<T | undefined> {
  const target = new URL(url.replace(/\/*$/, path)) // the hub may be at a path behind another server
  const { request } = target.protocol === 'https:' ? await import('node:https') : { request: requestHttp }
  return new Promise((resolve, reject) => {
    const call = request(target, { method, agent: false, timeout: PROBE_TIMEOUT_MS }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('error', reject)
      response.on('end', () => resolve(resultOf<T>(text)))
    })
    let isConnected = false
    call.on('socket', (socket) =>
      socket.once('connect', () => {
        isConnected = true
      }),
    )
    call.on('timeout', () => call.destroy(new Error(`no answer within ${PROBE_TIMEOUT_MS} ms`)))
    call.on('error', (error) => reject(isConnected ? error : new NoConnection('', { cause: error })))
    call.end(body && JSON.stringify(body))
  })
}

function resultOf<T>(text: string): T | undefined {
  try {
    const envelope = JSON.parse(text) as Envelope<T>
    return envelope.ok ? envelope.result : undefined
  } catch {
    return undefined
  }
}
