// Asks an address which hub answers there. Of the SDK it loads the connections alone, so commands that only look start fast.

import type { Envelope } from '../protocol/envelope.js'
import type { HubInfo, HubStatus } from '../protocol/objects.js'
import { connectionError } from '../sdk/connections.js'
import { plainConnections } from '../sdk/plain-connections.js'

const PROBE_TIMEOUT_MS = 3_000
/** Codes of PROTOCOL §8 and §16. */
const REFUSALS: readonly string[] = ['remote_refused', 'host_refused']

export type Probe =
  /** A hub of any implementation; `status` if it is ours. */
  | { readonly kind: 'hub'; readonly info: HubInfo; readonly status: HubStatus | undefined }
  /** Another program listens there, or the listener does not answer in time. */
  | { readonly kind: 'foreign'; readonly reason: string }
  /** A hub that does not serve this machine, or not by this name. The reason is its own sentence. */
  | { readonly kind: 'refusing'; readonly reason: string }
  | { readonly kind: 'nobody' }
  /** The connection failed for another reason: there is no such host, or no route to it. */
  | { readonly kind: 'unreachable'; readonly reason: string }

export async function probe(url: string): Promise<Probe> {
  try {
    const answer = await envelopeFrom<HubInfo>(url, 'GET', '/v1/hub-info')
    if (answer?.ok === false && REFUSALS.includes(answer.code ?? '')) {
      return { kind: 'refusing', reason: answer.error ?? 'it gives no reason' }
    }
    const info = answer?.ok ? answer.result : undefined
    if (!info?.protocol_version) return { kind: 'foreign', reason: 'it does not speak the Arc protocol' }
    const status = info.features.includes('arc:status')
      ? await ask<HubStatus>(url, 'GET', '/v1/status')
      : undefined
    return { kind: 'hub', info, status }
  } catch (error) {
    const { code, message, isUnconnected } = connectionError(error)
    if (!isUnconnected) return { kind: 'foreign', reason: message }
    return code === 'ECONNREFUSED' ? { kind: 'nobody' } : { kind: 'unreachable', reason: message }
  }
}

/** The `result` of an Arc answer; undefined when the answer isn't one. */
export async function ask<T>(
  url: string,
  method: string,
  path: string,
  body?: object,
): Promise<T | undefined> {
  const answer = await envelopeFrom<T>(url, method, path, body)
  return answer?.ok ? answer.result : undefined
}

/** Undefined when the answer is no JSON. */
export async function envelopeFrom<T>(
  url: string,
  method: string,
  path: string,
  body?: object,
): Promise<Envelope<T> | undefined> {
  const target = new URL(url.replace(/\/*$/, path)) // the hub may be at a path behind another server
  const connections = plainConnections(target.origin, PROBE_TIMEOUT_MS)
  const what = { method, path: target.pathname + target.search, headers: {}, signal: undefined }
  try {
    const { text } = await connections.exchange({
      ...what,
      body: body ? JSON.stringify(body) : null,
      timeoutMs: PROBE_TIMEOUT_MS,
    })
    return parsed(text)
  } finally {
    await connections.destroy(new Error('one request was all'))
  }
}

function parsed<T>(text: string): Envelope<T> | undefined {
  try {
    return JSON.parse(text) as Envelope<T>
  } catch {
    return undefined
  }
}
