// The protocol's routes: they turn a method and a path into a plan, as data. Pure; both doors use them.

import { addRoute, createRouter, findRoute } from 'rou3'
import { type ArcError, invalid, methodNotAllowed, notFound } from '../protocol/errors.js'
import { parse } from '../protocol/fields.js'
import { jsonText } from '../protocol/json.js'
import type { Limits } from '../protocol/limits.js'
import { type Bounds, misfit, REQUEST_NUMBERS } from '../protocol/numbers.js'
import * as requests from '../protocol/requests.js'
import { type Command, loopGuardOf, type MessageFilter, type Query } from '../storage/commands.js'
import type { Plan, WaitingCommand } from './plans.js'

export interface RoutesOptions {
  readonly limits: Limits
  /** The `host` option of the hub. */
  readonly listenHost: string
}

/** Path parameters, query and body of a request, with the wire's names. */
interface Wire {
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, unknown>>
}

export type Route = (wire: Wire) => Plan

const METHODS = ['GET', 'POST', 'DELETE'] as const

export class Routes {
  readonly #router = createRouter<Route>()

  constructor(options: RoutesOptions) {
    for (const [route, plan] of Object.entries(routeTable(options))) {
      const [method, path] = route.split(' ') as [string, string]
      addRoute(this.#router, method, path, plan)
    }
  }

  /**
   * Plans a request. `target` is the path with its query; `body` is parsed.
   * @throws ArcError 404 for an unknown path, 405 for another method of a known path, 400 for invalid input
   */
  plan(method: string, target: string, body: Record<string, unknown>): Plan {
    const mark = target.indexOf('?')
    const path = mark === -1 ? target : target.slice(0, mark)
    const match = this.#find(method, path)
    if (!match) throw this.#unserved(method, path)
    const query = mark === -1 ? {} : Object.fromEntries(new URLSearchParams(target.slice(mark + 1)))
    return match.data({ params: decoded(match.params), query, body })
  }

  /** The methods of a path; none for an unknown path. */
  methodsAt(path: string): readonly string[] {
    return METHODS.filter((method) => this.#find(method, path))
  }

  /** The router would take `/v1/threads/`, a thread without a name, for the list of all threads. */
  #find(method: string, path: string) {
    const isUnnamed = path.length > 1 && path.endsWith('/')
    return isUnnamed ? undefined : findRoute(this.#router, method, path)
  }

  #unserved(method: string, path: string): ArcError {
    const methods = this.methodsAt(path)
    if (methods.length > 0) return methodNotAllowed(method, path, methods)
    return notFound(`${method} ${path} is not a route of this hub`)
  }
}

/** @throws ArcError 400 for a malformed percent-encoding */
function decoded(params: Record<string, string> | undefined): Record<string, string> {
  if (!params) return {}
  try {
    return Object.fromEntries(
      Object.entries(params).map(([name, value]) => [name, decodeURIComponent(value)]),
    )
  } catch {
    throw invalid('the path is not properly percent-encoded')
  }
}

/** Every route, by its method and path. */
export function routeTable({ limits, listenHost }: RoutesOptions): Record<string, Route> {
  const postMessage = requests.postMessage(limits)
  const guard = loopGuardOf(limits)
  return {
    'GET /': () => ({ kind: 'page' }),
    'GET /v1/hub-info': () => ({ kind: 'hub-info' }),
    'GET /v1/status': () => ({ kind: 'status' }),

    'POST /v1/sessions': ({ body }) => {
      const input = parse(requests.openSession, body)
      return command({ op: 'session.open', input: withJson(input, 'metadata') })
    },
    'POST /v1/sessions/:agent_id/rename': ({ params, body }) => {
      const input = parse(requests.renameSession, { display_name: body.display_name, ...params })
      return command({ op: 'session.rename', input }, input.agent_id)
    },
    'POST /v1/sessions/:agent_id/alive': ({ params }) => {
      const input = parse(requests.keepAlive, params)
      return command({ op: 'session.alive', input }, input.agent_id)
    },
    'DELETE /v1/sessions/:session_id': ({ params }) =>
      command({ op: 'session.close', input: parse(requests.closeSession, params) }),
    'GET /v1/agents': ({ query }) => {
      const input = parse(requests.listAgents, query)
      return { kind: 'query', query: { op: 'agents.list', input }, touches: input.as }
    },
    'GET /v1/agents/:agent_id': ({ params }) =>
      read({ op: 'agents.get', input: parse(requests.getAgent, params) }),
    'GET /v1/bootstrap': ({ query }) =>
      read({ op: 'agents.bootstrap', input: parse(requests.bootstrapQuery, query) }),

    'GET /v1/channels': () => read({ op: 'channels.list', input: {} }),
    'POST /v1/channels': ({ body }) =>
      command({ op: 'channel.create', input: withJson(parse(requests.createChannel, body), 'metadata') }),
    'POST /v1/messages': ({ body }) => {
      const input = withJson(parse(postMessage, body), 'metadata', 'attachments')
      const fencing = fencingOf(body)
      return command({ op: 'message.post', input: fencing ? { ...input, fencing } : input }, input.from_agent)
    },
    'GET /v1/messages': ({ query }) => {
      const input = parse(requests.listMessages, query)
      const { channel, thread_id: threadId } = input
      return listing({ channels: channel === undefined ? undefined : [channel], threadId }, input)
    },
    'GET /v1/messages/:id': ({ params }) =>
      read({ op: 'messages.get', input: parse(requests.getMessage, messageIn(params)) }),
    'GET /v1/messages/:id/receipts': ({ params }) =>
      read({ op: 'receipts.list', input: parse(requests.getMessage, messageIn(params)) }),
    'POST /v1/messages/:id/ack': ({ params, body }) => {
      const { agent_id, note } = body
      const input = parse(requests.acknowledge, { agent_id, note, ...messageIn(params) })
      return command({ op: 'message.acknowledge', input }, input.agent_id)
    },
    'GET /v1/undelivered': ({ query }) =>
      read({ op: 'receipts.undelivered', input: parse(requests.listUndelivered, query) }),
    'GET /v1/mailboxes/:agent_id': ({ params }) =>
      read({ op: 'mailbox.get', input: parse(requests.getMailbox, params) }),
    'GET /v1/mailboxes/:agent_id/wake': ({ params, query }) => {
      const { agent_id, timeout } = parse(requests.getWake, { timeout: query.timeout, ...params })
      const wake = { op: 'mailbox.wake', input: { agent_id, ...guard } } as const
      return { kind: 'wake', query: wake, timeoutMs: Math.round(timeout * 1_000) }
    },
    'POST /v1/hooks/claude/:agent_id': ({ params, body }) => {
      const { session_id, hook_event_name } = body
      const given = { session_id, hook_event_name, ...params }
      const {
        agent_id: agentId,
        session_id: session,
        hook_event_name: event,
      } = parse(requests.callHook, given)
      // Subagents, and other programs that read Claude Code's configuration.
      const isLeftOut = ['agent_id', 'agent_type', 'cursor_version', 'sessionId'].some((one) => one in body)
      return { kind: 'hook', agentId, session, event, isGoingOn: body.stop_hook_active === true, isLeftOut }
    },
    'GET /v1/held-wakes': () => read({ op: 'wakes.held', input: guard }),
    'POST /v1/mailboxes/:agent_id/offer': ({ params, query, body }) => {
      const { reader, limit, max_chars, lease_sec, ambient } = body
      const given = { reader, limit, max_chars, lease_sec, ambient, timeout: query.timeout, ...params }
      const { timeout, ...input } = parse(requests.offerMailbox, given)
      return { kind: 'offer', input, timeoutMs: Math.round(timeout * 1_000) }
    },
    'POST /v1/mailboxes/:agent_id/shown': ({ params, body }) => {
      const { offer_id, via, up_to_id } = body
      const input = parse(requests.markShown, { offer_id, via, up_to_id, ...params })
      return command({ op: 'mailbox.shown', input }, input.agent_id)
    },
    'GET /v1/events': ({ query }) => {
      const input = parse(requests.listEvents, query)
      const { agent_id: agentId, channel, thread_id: threadId, exclude_self: excludeSelf } = input
      const channels = channel === undefined ? undefined : [channel]
      return listing({ agentId, channels, threadId, excludeSelf }, input)
    },
    'GET /v1/stream': ({ query }) => {
      const {
        agent_id: agentId,
        channels,
        since_id: sinceId,
        exclude_self: excludeSelf,
        changes,
      } = parse(requests.openStream, query)
      return { kind: 'stream', filter: { agentId, channels, excludeSelf }, sinceId, changes }
    },
    'GET /v1/inbox/:agent_id': ({ params, query }) =>
      read({
        op: 'inbox.list',
        input: parse(requests.listInbox, {
          since_id: query.since_id,
          limit: query.limit,
          tail: query.tail,
          before_id: query.before_id,
          ...params,
        }),
      }),

    'GET /v1/threads': ({ query }) => read({ op: 'threads.list', input: parse(requests.listThreads, query) }),
    'GET /v1/threads/:thread_id': ({ params }) =>
      read({ op: 'threads.get', input: parse(requests.getThread, params) }),

    'GET /v1/claims': ({ query }) => read({ op: 'claims.list', input: parse(requests.listClaims, query) }),
    'POST /v1/claims': ({ body, query }) => {
      const input = withJson(parse(requests.acquireClaim, body), 'metadata')
      return acquire({ op: 'claim.acquire', input }, input.owner_agent_id, query)
    },
    'POST /v1/claims/refresh': ({ body }) => {
      const input = parse(requests.refreshClaim, body)
      return command({ op: 'claim.refresh', input }, input.owner_agent_id)
    },
    'POST /v1/claims/release': ({ body }) => {
      const input = parse(requests.releaseClaim, body)
      return command({ op: 'claim.release', input }, input.agent_id)
    },
    'GET /v1/locks': ({ query }) => read({ op: 'locks.list', input: parse(requests.listLocks, query) }),
    'POST /v1/locks': ({ body, query }) => {
      const input = withJson(parse(requests.acquireLock, body), 'metadata')
      return acquire({ op: 'lock.acquire', input }, input.agent_id, query)
    },
    'POST /v1/locks/refresh': ({ body }) => {
      const input = parse(requests.refreshLock, body)
      return command({ op: 'lock.refresh', input }, input.agent_id)
    },
    'POST /v1/locks/release': ({ body }) => {
      const input = parse(requests.releaseLock, body)
      return command({ op: 'lock.release', input }, input.agent_id)
    },

    'GET /v1/scopes': ({ query }) => read({ op: 'scopes.list', input: parse(requests.listScopes, query) }),
    'POST /v1/scopes': ({ body, query }) => {
      const input = withJson(parse(requests.acquireScope, body), 'metadata')
      return acquire({ op: 'scope.acquire', input }, input.agent_id, query)
    },
    'POST /v1/scopes/refresh': ({ body }) => {
      const input = parse(requests.refreshScope, body)
      return command({ op: 'scope.refresh', input }, input.agent_id)
    },
    'POST /v1/scopes/release': ({ body }) => {
      const input = parse(requests.releaseScope, body)
      return command({ op: 'scope.release', input }, input.agent_id)
    },
    'GET /v1/slots': ({ query }) => read({ op: 'slots.list', input: parse(requests.listSlots, query) }),
    'POST /v1/slots/:name': ({ params, body, query }) => {
      const { agent_id, capacity, ttl_sec, fence } = body
      const input = parse(requests.acquireSlot, { agent_id, capacity, ttl_sec, fence, ...params })
      return acquire({ op: 'slot.acquire', input }, input.agent_id, query)
    },
    'POST /v1/slots/:name/refresh': ({ params, body: { agent_id, ttl_sec, fence } }) => {
      const input = parse(requests.refreshSlot, { agent_id, ttl_sec, fence, ...params })
      return command({ op: 'slot.refresh', input }, input.agent_id)
    },
    'POST /v1/slots/:name/release': ({ params, body: { agent_id, fence, by_operator, holder } }) => {
      const input = parse(requests.releaseSlot, { agent_id, fence, by_operator, holder, ...params })
      return command({ op: 'slot.release', input }, input.agent_id)
    },

    'GET /v1/tasks': ({ query }) => read({ op: 'tasks.list', input: parse(requests.listTasks, query) }),
    'POST /v1/tasks/next': ({ body, query }) => {
      const input = parse(requests.nextTask, body)
      return acquire({ op: 'task.next', input }, input.agent_id, query)
    },
    'POST /v1/tasks/:task_id/complete': ({ params, body }) => {
      const input = parse(requests.completeTask, taskIn(params))
      const fencing = fencingOf(body, `task-${input.task_id}`)
      return command({ op: 'task.complete', input: { ...input, fencing } })
    },
    'POST /v1/tasks/:task_id/assign': ({ params, body }) => {
      const { agent_id, by, ttl_sec } = body
      const input = parse(requests.assignTask, { agent_id, by, ttl_sec, ...taskIn(params) })
      return command({ op: 'task.assign', input })
    },
    'POST /v1/tasks/:task_id/reopen': ({ params, body }) => {
      const input = parse(requests.reopenTask, { by: body.by, ...taskIn(params) })
      return command({ op: 'task.reopen', input })
    },

    'GET /v1/shutdown': () => read({ op: 'shutdown.get', input: {} }),
    'POST /v1/shutdown': ({ body }) =>
      command({ op: 'shutdown.begin', input: parse(requests.beginShutdown, body) }),
    'POST /v1/shutdown/cancel': () => command({ op: 'shutdown.cancel', input: {} }),
    'POST /v1/network': ({ body }) => {
      const { allow_remote } = parse(requests.setNetwork, body)
      return command({ op: 'network.set', input: { allow_remote, listen_host: listenHost } })
    },
  }
}

function command(given: Command, touches?: string): Plan {
  return { kind: 'command', submission: { command: given, touches } }
}

/** An acquire waits for at most the `timeout` of its query. */
function acquire(given: WaitingCommand, touches: string, { timeout }: Wire['query']): Plan {
  const timeoutMs = Math.round(parse(requests.waiting, { timeout }).timeout * 1_000)
  return timeoutMs > 0 ? { kind: 'acquire', command: given, touches, timeoutMs } : command(given, touches)
}

/** The lease under which a request is made. A request without a fence is made under none. */
function fencingOf(
  { fence, claim_key, file_path }: Wire['body'],
  defaultKey?: string,
): requests.Fencing | undefined {
  if (fence === undefined || fence === null) return undefined
  const key = claim_key ?? (file_path === undefined || file_path === null ? defaultKey : undefined)
  return parse(requests.fencing, { fence, claim_key: key, file_path })
}

function read(query: Query): Plan {
  return { kind: 'query', query }
}

interface ListingQuery {
  readonly since_id: number
  readonly limit: number
  readonly timeout: number
  readonly tail?: boolean
  readonly before_id?: number | undefined
}

function listing(filter: MessageFilter, query: ListingQuery): Plan {
  const { since_id: sinceId, before_id: beforeId, limit, tail = false } = query
  // Nothing new comes before an id, so nothing is waited for.
  const timeoutMs = beforeId === undefined ? Math.round(query.timeout * 1_000) : 0
  const { agentId: touches } = filter
  return { kind: 'listing', listing: { filter, sinceId, beforeId, limit, tail, timeoutMs, touches } }
}

/** @throws ArcError 404 for a path segment that is no task id */
function taskIn({ task_id = '' }: Wire['params']): { task_id: string } {
  mustBeId(task_id, REQUEST_NUMBERS.task_id, 'task')
  return { task_id }
}

/** @throws ArcError 404 for a path segment that is no message id */
function messageIn({ id = '' }: Readonly<Record<string, string>>): { id: string } {
  mustBeId(id, REQUEST_NUMBERS.message_id, 'message')
  return { id }
}

/** @throws ArcError 404 */
function mustBeId(id: string, bounds: Bounds, what: string): void {
  if (!/^[0-9]{1,16}$/.test(id) || misfit(Number(id), bounds)) throw notFound(`${what} ${id} does not exist`)
}

/** Replaces members by their JSON text, in place: validation has created the object. */
function withJson<T extends object, K extends keyof T>(
  input: T,
  ...members: K[]
): Omit<T, K> & Record<K, string> {
  const texts = input as Record<K, unknown>
  for (const member of members) texts[member] = jsonText(input[member])
  return input as Omit<T, K> & Record<K, string>
}
