// ArcClient: what an agent holds of the room (PROTOCOL §15). One method for each thing an agent can do;
// the long ones (`messages`, `call`, `serve`) live in files of their own.
//
// Every method rejects with `ArcError`: the hub's own text with its `status` and `code`, or `no_hub`,
// `unavailable`, `outcome_unknown`, `timeout`, `aborted`, `bad_answer` when it gave none. Ends with `close`.

import { setMaxListeners } from 'node:events'
import { ArcError } from '../protocol/errors.js'
import type {
  Bootstrap,
  Channel,
  Claim,
  HubInfo,
  HubStatus,
  Lock,
  Message,
  Session,
  Task,
  ThreadDetail,
  ThreadSummary,
} from '../protocol/objects.js'
import { DEFAULT_SPOOL } from '../protocol/relay.js'
import { callAgent } from './call.js'
import { FeedReader, pollTimeoutSec } from './feed-reader.js'
import { HttpTransport } from './http-transport.js'
import { liveMessages } from './messages.js'
import type * as options from './options.js'
import { checkedNumber } from './options.js'
import { allPages, allThreads } from './pages.js'
import { postMessage } from './posting.js'
import { RelayTransport } from './relay-transport.js'
import { pathPart } from './request-text.js'
import { Requester, withQuery } from './requester.js'
import { serveRequests } from './serve.js'

export const DEFAULT_BASE_URL = 'http://127.0.0.1:6969'
const DEFAULT_TIMEOUT_SEC = 10
const DEFAULT_RETRY_FOR_SEC = 5
const DEFAULT_POLL_SEC = 30
/** Seconds that `close` gives the hub to hear of it. */
const FAREWELL_SEC = 2

export class ArcClient {
  readonly agentId: string
  readonly #requester: Requester
  readonly #closing = new AbortController()
  /** One cursor for each view of the feed: a poll of one channel must not skip what another view shows. */
  readonly #cursors = new Map<string, FeedReader>()
  /** Where a view's first poll begins: 0, or what the first bootstrap said was the latest. */
  #start: { sinceId: number; instanceId: string | undefined } | undefined
  #sessionId: string | undefined
  #closed: Promise<void> | undefined

  /** Connects to nothing yet. A bad `agentId`, `baseUrl` or number of seconds: `invalid_request`. */
  constructor(agentId: string, given: options.ClientOptions = {}) {
    this.agentId = agentId.toWellFormed().trim() // as the hub will have it
    if (this.agentId === '') throw new ArcError('invalid_request', 'agentId must not be empty')
    const timeoutSec = checkedNumber('timeout', given.timeout ?? DEFAULT_TIMEOUT_SEC)
    const retryForSec = checkedNumber('retryFor', given.retryFor ?? DEFAULT_RETRY_FOR_SEC)
    if (timeoutSec === 0) throw new ArcError('invalid_request', 'timeout must be more than 0 seconds')
    // Everything that waits listens to it, however much that is.
    setMaxListeners(0, this.#closing.signal)
    const transport =
      given.transport ??
      new HttpTransport({ baseUrl: given.baseUrl ?? DEFAULT_BASE_URL, connectTimeoutSec: timeoutSec })
    this.#requester = new Requester(transport, { timeoutSec, retryForSec, closing: this.#closing.signal })
  }

  /** A client whose requests go through the file relay: no network, only the spool's folder (PROTOCOL §10). */
  static overRelay(agentId: string, given: options.RelayClientOptions = {}): ArcClient {
    const { spoolDir = DEFAULT_SPOOL, pollIntervalSec, ...rest } = given
    const transport = new RelayTransport({ agentId: agentId.trim(), spoolDir, pollIntervalSec })
    return new ArcClient(agentId, { ...rest, transport })
  }

  /** A client that is registered (in place of an earlier session of the agent) and polls from now on. */
  static async quickstart(agentId: string, given: options.QuickstartOptions = {}): Promise<ArcClient> {
    const client = new ArcClient(agentId, given)
    try {
      const { displayName, capabilities, metadata, signal } = given
      await client.register({ displayName, capabilities, metadata, signal, replace: true })
      await client.bootstrap({ signal })
      return client
    } catch (error) {
      await client.close()
      throw error
    }
  }

  // Sessions and presence (PROTOCOL §3)

  /** Opens a session. An active one of the same agent is `session_exists` (409), unless `replace`. */
  async register(given: options.RegisterOptions = {}): Promise<Session> {
    const { displayName, capabilities, metadata, replace, signal } = given
    const body = { agent_id: this.agentId, display_name: displayName, capabilities, metadata, replace }
    const { result } = await this.#requester.post<Session>('/v1/sessions', body, { signal })
    this.#sessionId = result.session_id
    return result
  }

  /** Another display name for the active session: at most 64 characters. No active session: 404. */
  async rename(displayName: string, given: options.CallOptions = {}): Promise<Session> {
    const path = `/v1/sessions/${pathPart(this.agentId)}/rename`
    return (await this.#requester.post<Session>(path, { display_name: displayName }, given)).result
  }

  /** What to know on arrival. The client's first bootstrap also makes its polls begin after `latest_visible_id`. */
  async bootstrap({ signal }: options.CallOptions = {}): Promise<Bootstrap> {
    const path = withQuery('/v1/bootstrap', { agent_id: this.agentId })
    const { result, instanceId } = await this.#requester.get<Bootstrap>(path, { signal })
    this.#start ??= { sinceId: result.latest_visible_id, instanceId }
    return result
  }

  /** The self-test of PROTOCOL §13: a bootstrap with a session. Opens one only where the agent has none. */
  async whoami(given: options.CallOptions = {}): Promise<Bootstrap & { session: Session }> {
    const before = await this.bootstrap(given)
    if (before.session) return { ...before, session: before.session }
    const session = await this.register({ ...given, replace: true })
    return { ...(await this.bootstrap(given)), session }
  }

  /** The agents present, by id. It counts as a sign of life of this one. */
  async listAgents({ capability, signal }: options.ListAgentsOptions = {}): Promise<Session[]> {
    return this.#list('/v1/agents', { capability, as: this.agentId }, signal)
  }

  // Channels and messages (PROTOCOL §4)

  /** The channel of that name, which need not be new. */
  async createChannel(
    name: string,
    { metadata, signal }: options.CreateChannelOptions = {},
  ): Promise<Channel> {
    const body = { name, created_by: this.agentId, metadata }
    return (await this.#requester.post<Channel>('/v1/channels', body, { signal })).result
  }

  listChannels({ signal }: options.CallOptions = {}): Promise<Channel[]> {
    return this.#list('/v1/channels', {}, signal)
  }

  /** Posts to a channel (default `general`), or, with `to`, to one agent. A body or an attachment is required. */
  async post(body: string, given: options.PostOptions = {}): Promise<Message> {
    return (await postMessage(this.#requester, this.agentId, body, given)).message
  }

  /** A direct message. */
  dm(to: string, body: string, given: options.DirectMessageOptions = {}): Promise<Message> {
    return this.post(body, { ...given, to })
  }

  /**
   * The messages that this agent may see and has not polled yet: at once if there are any, else the first
   * to come, else `[]` after `timeout` (seconds, default 30).
   *
   * The client remembers the place of each view (a `channel` and `threadId`, or neither) for itself. A
   * view's first poll begins where the client's first bootstrap stood, or at the very beginning if there
   * was none. With `sinceId` it reads what follows that id; the remembered place then moves on to the last
   * id seen, and never back. After a reset of the hub it begins at 0.
   *
   * Unknown channel: 404. An outage longer than `retryFor`: `no_hub` or `unavailable`.
   */
  async poll(given: options.PollOptions = {}): Promise<Message[]> {
    const { channel, threadId, sinceId, limit, includeSelf, signal } = given
    const waitSec = checkedNumber('timeout', given.timeout ?? DEFAULT_POLL_SEC)
    const cursor = this.#cursor(channel, threadId)
    const reader =
      sinceId === undefined
        ? cursor
        : new FeedReader(this.#requester, this.agentId, { channel, threadId, sinceId })
    const rows = await reader.read({ waitSec, limit, includeSelf, signal })
    if (reader !== cursor) cursor.catchUpWith(reader)
    return rows
  }

  /**
   * The live feed: `for await (const message of client.messages())`. Starts after `sinceId`, or with what is
   * posted after the iteration began. Its cursor is its own. Outlives restarts of the hub; ends without an
   * error when the signal is aborted, the client closes or the loop is left. Unknown channel: throws a 404.
   */
  messages(given: options.FeedOptions = {}): AsyncIterableIterator<Message, undefined> {
    return liveMessages(this.#requester, this.agentId, given)
  }

  /** Broadcasts in a channel, a thread, or both; one of them is required. Unknown channel: 404. */
  async listMessages(given: options.ListMessagesOptions): Promise<Message[]> {
    const { channel, threadId, sinceId, limit, timeout, tail, signal } = given
    const params = { channel, thread_id: threadId, since_id: sinceId, limit, timeout, tail }
    const timeoutSec = pollTimeoutSec(checkedNumber('timeout', timeout ?? 0), this.#requester.timeoutSec)
    return (await this.#requester.get<Message[]>(withQuery('/v1/messages', params), { signal, timeoutSec }))
      .result
  }

  /** Direct messages to this agent, old ones included. */
  inbox({ sinceId, limit, tail, signal }: options.InboxOptions = {}): Promise<Message[]> {
    const path = `/v1/inbox/${pathPart(this.agentId)}`
    return this.#list(path, { since_id: sinceId, limit, tail }, signal)
  }

  // Threads (PROTOCOL §5)

  /** Newest message first. */
  listThreads({ signal }: options.CallOptions = {}): Promise<ThreadSummary[]> {
    return allThreads((limit, cursor) =>
      this.#requester.get(withQuery('/v1/threads', { limit, cursor }), { signal }),
    )
  }

  /** A thread with all that is in it. Unknown: 404. */
  async getThread(threadId: string, { signal }: options.CallOptions = {}): Promise<ThreadDetail> {
    const path = `/v1/threads/${pathPart(threadId)}`
    return (await this.#requester.get<ThreadDetail>(path, { signal })).result
  }

  // Claims and locks (PROTOCOL §6)

  /** Claims a key, or a task by its id (the key is then `task-<id>`). Of many at once exactly one acquires it. */
  async claim(target: string | number, given: options.ClaimOptions = {}): Promise<options.ClaimResult> {
    const { threadId, taskMessageId, ttlSec, metadata, signal } = given
    const body = {
      owner_agent_id: this.agentId,
      claim_key: claimKey(target),
      task_message_id: typeof target === 'number' ? target : taskMessageId,
      thread_id: threadId,
      ttl_sec: ttlSec,
      metadata,
    }
    const { result, envelope } = await this.#requester.post<Claim>('/v1/claims', body, { signal })
    return { acquired: envelope.acquired === true, claim: result }
  }

  /** Moves the expiry. Not active, or not yours: 404. */
  async refreshClaim(
    target: string | number,
    { ttlSec, signal }: options.LeaseOptions = {},
  ): Promise<options.ClaimResult> {
    const body = { owner_agent_id: this.agentId, claim_key: claimKey(target), ttl_sec: ttlSec }
    const { result, envelope } = await this.#requester.post<Claim>('/v1/claims/refresh', body, { signal })
    return { acquired: envelope.acquired === true, claim: result }
  }

  /** Gives a claim up. Not active, or not yours: 404. */
  async release(target: string | number, { signal }: options.CallOptions = {}): Promise<void> {
    const body = { agent_id: this.agentId, claim_key: claimKey(target) }
    await this.#requester.post('/v1/claims/release', body, { signal })
  }

  /** By `claimed_at`. */
  listClaims({ threadId, activeOnly, signal }: options.ListClaimsOptions = {}): Promise<Claim[]> {
    return this.#list('/v1/claims', { thread_id: threadId, active_only: activeOnly }, signal)
  }

  /** Locks a file, by the path that all agents use for it. */
  async lock(
    filePath: string,
    { ttlSec, metadata, signal }: options.LockOptions = {},
  ): Promise<options.LockResult> {
    const body = { agent_id: this.agentId, file_path: filePath, ttl_sec: ttlSec, metadata }
    const { result, envelope } = await this.#requester.post<Lock>('/v1/locks', body, { signal })
    return { acquired: envelope.acquired === true, lock: result }
  }

  /** Moves the expiry. Not active, or not yours: 404. */
  async refreshLock(
    filePath: string,
    { ttlSec, signal }: options.LeaseOptions = {},
  ): Promise<options.LockResult> {
    const body = { agent_id: this.agentId, file_path: filePath, ttl_sec: ttlSec }
    const { result, envelope } = await this.#requester.post<Lock>('/v1/locks/refresh', body, { signal })
    return { acquired: envelope.acquired === true, lock: result }
  }

  /** Gives a lock up. Not active, or not yours: 404. */
  async unlock(filePath: string, { signal }: options.CallOptions = {}): Promise<void> {
    await this.#requester.post(
      '/v1/locks/release',
      { agent_id: this.agentId, file_path: filePath },
      { signal },
    )
  }

  /** By `locked_at`. Of every agent, unless `agentId` is given. */
  listLocks({ agentId, activeOnly, signal }: options.ListLocksOptions = {}): Promise<Lock[]> {
    return this.#list('/v1/locks', { agent_id: agentId, active_only: activeOnly }, signal)
  }

  // Tasks (PROTOCOL §7)

  /** By `task_id`. */
  listTasks({ parentId, status, channel, threadId, signal }: options.ListTasksOptions = {}): Promise<Task[]> {
    const filter = { parent_id: parentId, status, channel, thread_id: threadId }
    return allPages((limit, since_id) =>
      this.#requester.get(withQuery('/v1/tasks', { ...filter, limit, since_id }), { signal }),
    )
  }

  /** Marks a task done, which it may be already. Unknown: 404. */
  async completeTask(taskId: number, { signal }: options.CallOptions = {}): Promise<options.TaskCompletion> {
    const { result, envelope } = await this.#requester.post<Task>(
      `/v1/tasks/${taskId}/complete`,
      {},
      { signal },
    )
    return { task: result, parentCompleted: envelope.parent_completed === true }
  }

  /**
   * Posts a `task_request` and waits for its `task_result`, which may come as a direct message or in a
   * channel. `timeout`: seconds, default 60; after it, `timeout`, and the request stays open. Outages of the
   * hub within that time are waited out. Polls and their cursors notice nothing.
   */
  call(target: options.CallTarget, body: string, given: options.TaskRequestOptions = {}): Promise<Message> {
    return callAgent(this.#requester, this.agentId, target, body, given)
  }

  /**
   * Answers every `task_request` addressed to this agent with what `handler` returns, those included that
   * came while nobody served and are still open; each once. The `task_result` goes to the requester as a
   * direct message in the same thread. A handler that throws gives a result with the error's text and
   * `metadata.error` true. Resolves when the signal is aborted or the client closes; requests still at
   * work then stay open, and the next `serve` takes them up.
   */
  serve(handler: options.TaskHandler, given: options.ServeOptions = {}): Promise<void> {
    return serveRequests(this.#requester, this.agentId, handler, given)
  }

  // The hub (PROTOCOL §8)

  async hubInfo({ signal }: options.CallOptions = {}): Promise<HubInfo> {
    const { result } = await this.#requester.get<HubInfo>('/v1/hub-info', { signal })
    this.#requester.learn(result)
    return result
  }

  /** The process behind the address. Only our own hub has it: another answers 404. */
  async status({ signal }: options.CallOptions = {}): Promise<HubStatus> {
    return (await this.#requester.get<HubStatus>('/v1/status', { signal })).result
  }

  /** Ends the session that this client opened, everything that waits, and the sockets. Best effort: never rejects. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#closing.abort(new ArcError('aborted', 'the client was closed'))
    if (this.#sessionId !== undefined) {
      const timeoutSec = Math.min(FAREWELL_SEC, this.#requester.timeoutSec)
      const path = `/v1/sessions/${pathPart(this.#sessionId)}`
      await this.#requester.send({ method: 'DELETE', path, timeoutSec, retryForSec: 0 }).catch(() => {})
    }
    await this.#requester.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #list<T>(
    path: string,
    params: Record<string, string | number | boolean | undefined>,
    signal: AbortSignal | undefined,
  ): Promise<T[]> {
    return (await this.#requester.get<T[]>(withQuery(path, params), { signal })).result
  }

  #cursor(channel: string | undefined, threadId: string | undefined): FeedReader {
    const view = JSON.stringify([channel ?? null, threadId ?? null])
    let cursor = this.#cursors.get(view)
    if (!cursor) {
      cursor = new FeedReader(this.#requester, this.agentId, {
        channel,
        threadId,
        ...(this.#start ?? { sinceId: 0 }),
      })
      this.#cursors.set(view, cursor)
    }
    return cursor
  }
}

/** PROTOCOL §6: without a key of its own, the claim on a task has this one. */
function claimKey(target: string | number): string {
  return typeof target === 'number' ? `task-${target}` : target
}
