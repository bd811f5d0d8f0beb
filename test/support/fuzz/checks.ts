// Checks any answer of a hub to any request: its envelope fits the protocol, its error has words, its status is documented, its
// characters are whole, and its result fits the schema of its object.

import { z } from 'zod'
import { ERROR_KINDS } from '../../../src/protocol/errors.js'
import * as objects from '../../../src/protocol/objects.js'
import type { HttpAnswer } from './http.js'

const beside = {
  acquired: z.boolean().optional(),
  parent_completed: z.literal(true).optional(),
  cut: z.literal(true).optional(),
  next: z.string().nullable().optional(),
  fence: z.int().nullable().optional(),
  waiting: z.array(z.string()).optional(),
  holders: z.array(z.record(z.string(), z.unknown())).optional(),
  lock: objects.lock.nullable().optional(),
  recipient: objects.recipient.optional(),
}
const success = z.strictObject({ ok: z.literal(true), result: z.unknown(), ...beside })
const failure = z.strictObject({
  ok: z.literal(false),
  error: z.string().min(1),
  code: z.string(),
  holder: z.record(z.string(), z.unknown()).nullable().optional(),
  fence: z.int().nullable().optional(),
  near: z.array(z.string()).optional(),
  messages: z.array(objects.message).optional(),
})
const envelope = z.discriminatedUnion('ok', [success, failure])

/** The schema of a route's result. A route that is missing here may have any result. */
const RESULTS: Readonly<Record<string, z.ZodType>> = {
  'GET /v1/hub-info': objects.hubInfo,
  'GET /v1/status': objects.hubStatus,
  'POST /v1/sessions': objects.session,
  'POST /v1/sessions/:agent_id/rename': objects.session,
  'GET /v1/agents': z.array(objects.session),
  'GET /v1/bootstrap': objects.bootstrap,
  'GET /v1/channels': z.array(objects.channel),
  'POST /v1/channels': objects.channel,
  'POST /v1/messages': objects.message,
  'GET /v1/messages': z.array(objects.message),
  'GET /v1/events': z.array(objects.message),
  'GET /v1/inbox/:agent_id': z.array(objects.message),
  'GET /v1/threads': z.array(objects.threadSummary),
  'GET /v1/threads/:thread_id': objects.threadDetail,
  'GET /v1/claims': z.array(objects.claim),
  'POST /v1/claims': objects.claim,
  'POST /v1/claims/refresh': objects.claim,
  'POST /v1/claims/release': objects.claim,
  'GET /v1/locks': z.array(objects.lock),
  'POST /v1/locks': objects.lock,
  'POST /v1/locks/refresh': objects.lock,
  'POST /v1/locks/release': objects.lock,
  'GET /v1/tasks': z.array(objects.task),
  'POST /v1/tasks/:task_id/complete': objects.task,
  'POST /v1/tasks/next': objects.task.nullable(),
  'POST /v1/tasks/:task_id/assign': objects.task,
  'POST /v1/tasks/:task_id/reopen': objects.task,
  'GET /v1/scopes': z.array(objects.scope),
  'POST /v1/scopes': objects.scope.nullable(),
  'POST /v1/scopes/refresh': objects.scope,
  'POST /v1/scopes/release': objects.scope,
  'GET /v1/slots': z.array(objects.slot),
  'POST /v1/slots/:name': objects.slot.nullable(),
  'POST /v1/slots/:name/refresh': objects.slot,
  'POST /v1/slots/:name/release': objects.slot,
  'GET /v1/agents/:agent_id': objects.agent,
  'GET /v1/shutdown': objects.shutdown.nullable(),
}

/** A route that answers in the words of the program that calls it, without an envelope. */
const HOOK = 'POST /v1/hooks/claude/:agent_id'
const hookAnswer = z.strictObject({
  hookSpecificOutput: z
    .strictObject({ hookEventName: z.string(), additionalContext: z.string().min(1) })
    .optional(),
})

/** Escapes and characters that are half of a surrogate pair. */
const HALVES = /(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]/

export type Envelope = z.infer<typeof envelope>

/** The fault of an envelope; undefined if it has none. */
export function wrongWith(status: number, text: string, route: string | undefined): string | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'it is no JSON'
  }
  if (route === HOOK && hookAnswer.safeParse(value).success) return undefined
  const parsed = envelope.safeParse(value)
  if (!parsed.success) return `it is no envelope: ${z.prettifyError(parsed.error)}`
  if (!text.isWellFormed() || HALVES.test(text)) return 'it holds half a character'
  const { data } = parsed
  if (!data.ok) return wrongRefusal(status, data.code)
  if (status !== 200 && status !== 201) return `it is a success with status ${status}`
  const schema = route === undefined ? undefined : RESULTS[route]
  const result = schema?.safeParse(data.result)
  return result?.error && `its result is not what ${route} gives: ${z.prettifyError(result.error)}`
}

function wrongRefusal(status: number, code: string): string | undefined {
  const kinds: Readonly<Record<string, { status: number } | undefined>> = ERROR_KINDS
  if (!(code in kinds)) return `its code ${code} is not in the table`
  if (status >= 500 && status !== 503) return `its status is ${status}`
  return status >= 400 ? undefined : `it is a refusal with status ${status}`
}

/** The fault of an answer over HTTP; undefined if it has none. */
export function wrongWithHttp(
  { status, headers, body, isStream }: HttpAnswer,
  { method, route }: { method: string; route: string | undefined },
  instanceId: string,
): string | undefined {
  if (headers.get('x-arc-instance') !== instanceId) return 'it does not name the instance'
  if (status === 503 && !headers.has('retry-after')) return 'it is a 503 without Retry-After'
  if (isStream || status === 304) return undefined
  if (status < 300 && headers.get('content-type')?.startsWith('text/html')) return undefined
  if (headers.get('content-type') !== 'application/json') return `it is ${headers.get('content-type')}`
  if (method === 'HEAD') return status >= 500 ? `its status is ${status}` : undefined
  return wrongWith(status, body, route)
}

const response = z.object({
  request_id: z.string(),
  ok: z.boolean(),
  status: z.int(),
  completed_at: z.string(),
  error: z.string().min(1).optional(),
})

/** The fault of a response file; undefined if it has none. */
export function wrongWithFile(text: string, route: string | undefined): string | undefined {
  const parsed = response.safeParse(JSON.parse(text))
  if (!parsed.success) return `it is no response: ${z.prettifyError(parsed.error)}`
  const { status, ok, error } = parsed.data
  if (ok !== (error === undefined)) return 'it has an error, or none, against its ok'
  const [, body] = /"body":(.*),"completed_at"/s.exec(text) ?? []
  if (body !== undefined) return wrongWith(status, body, route)
  return status === 400 && error?.startsWith('invalid relay request: ')
    ? undefined
    : `no hub has answered: ${status} ${error}`
}
