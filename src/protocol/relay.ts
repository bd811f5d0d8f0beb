// The request and response files of the file relay (PROTOCOL §10). A response file's `body` is the hub's envelope.
//
// Request files come from the less trusted side of a sandbox, so `parseRelayRequest` checks every member. Response files
// are built from the hub's own JSON text. The SDK loads this file, so it imports little.

import type { Answer } from './envelope.js'
import { ArcError, invalid } from './errors.js'
import { readJson, withoutMark } from './json.js'

/** The spool's default folder, in the working directory. */
export const DEFAULT_SPOOL = '.arc-relay'

/** The default time-to-live of a request file in seconds. A host refuses an older one that it has not executed. */
export const REQUEST_TTL_SEC = 600

/** Bytes that a request file may have besides its body: for path, ids and time. */
export const REQUEST_FILE_EXTRA_BYTES = 65_536

/** The statuses of failures without an answer of a hub. Such a response file has no `body`. */
export const RELAY_STATUS = {
  invalidRequest: 400,
  unreadableResponse: 500,
  notWritten: 597,
  gaveUp: 598,
  hubUnreachable: 599,
} as const

/** The largest request head of Node's HTTP server. Over HTTP no path can be longer either. */
const MAX_PATH_CHARS = 16_384
/** A GET may wait for a minute, and its text stays in memory meanwhile. */
const MAX_GET_BYTES = 65_536

export interface RelayRequest {
  readonly request_id: string
  readonly agent_id: string
  readonly method: string
  /** Begins with `/` and carries the query. */
  readonly path: string
  readonly body: object | null
  readonly created_at: string
}

export interface RelayResponse {
  readonly request_id: string
  readonly ok: boolean
  readonly status: number
  /** The hub's whole envelope; absent if no hub has answered. */
  readonly body?: unknown
  readonly completed_at: string
  readonly error?: string
  /** The error's code if no hub has answered. [ours] */
  readonly code?: string
  /** Names the stored state that answered, as `X-Arc-Instance` does over HTTP. [ours] */
  readonly instance_id?: string
}

/** A request file as the host read it: its text, or why the file can't be a request. */
export type RelayRequestFile =
  | { readonly text: string; readonly writtenMs: number }
  | { readonly problem: string }

/** The checked members of a request file. */
export interface ParsedRelayRequest {
  readonly requestId: string
  readonly method: string
  readonly path: string
  readonly body: Record<string, unknown>
  /**
   * Epoch milliseconds: the oldest of `created_at`, the file's times and now. So no false time makes a request younger
   * than it is.
   */
  readonly writtenAtMs: number
  /** The whole text of the file. */
  readonly text: string
}

/** @throws ArcError 400 that says what is wrong with the file */
export function parseRelayRequest(stem: string, file: RelayRequestFile): ParsedRelayRequest {
  if ('problem' in file) throw invalid(`the request file was not accepted: ${file.problem}`)
  const value = readJson(file.text, 'the request file', 1)
  if (!isObject(value)) throw invalid('the request file must hold a JSON object')
  const { request_id, method, path, created_at } = value
  if (typeof method !== 'string' || method === '') throw invalid('method must be a string such as "GET"')
  if (typeof path !== 'string' || !path.startsWith('/'))
    throw invalid('path must be a string that begins with /')
  if (path.length > MAX_PATH_CHARS) throw invalid(`path must be at most ${MAX_PATH_CHARS} characters long`)
  if (method.toUpperCase() === 'GET' && file.text.length > MAX_GET_BYTES)
    throw invalid(`a GET has no body: its file must have at most ${MAX_GET_BYTES} bytes`)
  const body = value.body ?? {}
  if (!isObject(body)) throw invalid('body must be an object or null')
  const createdAtMs = typeof created_at === 'string' ? Date.parse(created_at) : Number.NaN
  return {
    requestId: typeof request_id === 'string' ? request_id : stem,
    method: method.toUpperCase(),
    path,
    body,
    writtenAtMs: Math.min(
      Number.isNaN(createdAtMs) ? Number.POSITIVE_INFINITY : createdAtMs,
      file.writtenMs,
      Date.now(),
    ),
    text: file.text,
  }
}

/** A hub's answer as the text of a response file. The envelope's text is unchanged, and a refusal's `error` is beside it. */
export function relayResponse(
  requestId: string,
  { status, body, error }: Pick<Answer, 'status' | 'body' | 'error'>,
  instanceId?: string,
): string {
  const head = { request_id: requestId, ok: error === undefined, status }
  const tail = { completed_at: new Date().toISOString(), error, instance_id: instanceId }
  return `${JSON.stringify(head).slice(0, -1)},"body":${body},${JSON.stringify(tail).slice(1)}`
}

/** The text of a response file if no hub has answered. `status`: one of `RELAY_STATUS`. */
export function relayFailure(requestId: string, error: ArcError, status = error.status): string {
  const response: RelayResponse = {
    request_id: requestId,
    ok: false,
    status,
    completed_at: new Date().toISOString(),
    error: error.message,
    code: error.code,
  }
  return JSON.stringify(response)
}

/** The text of a response file to a file that is no request. The reference's clients look for its first words. */
export function relayRefusal(requestId: string, { message }: ArcError): string {
  return relayFailure(requestId, invalid(`invalid relay request: ${message}`), RELAY_STATUS.invalidRequest)
}

/** @throws ArcError when the text is no response */
export function parseRelayResponse(text: string): RelayResponse {
  let value: unknown
  try {
    value = JSON.parse(withoutMark(text))
  } catch {
    value = undefined
  }
  if (isObject(value) && typeof value.ok === 'boolean' && typeof value.status === 'number') {
    return value as unknown as RelayResponse
  }
  throw new ArcError('bad_answer', 'the response file holds no response', {
    status: RELAY_STATUS.unreadableResponse,
  })
}

/** The name of an agent's folder in the spool. @throws ArcError for an id that leads out of the spool */
export function agentFolder(agentId: string): string {
  const name = agentId.replace(/[^A-Za-z0-9._-]+/g, '_') || 'agent'
  if (name === '.' || name === '..')
    throw invalid(`an agent whose id is "${agentId}" can't use the file relay: choose another id`)
  return name
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
