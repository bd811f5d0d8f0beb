// ArcClient: an agent's client of the hub (PROTOCOL §15), with one method for each thing that an agent can do: what it
// asks is in reading.ts, what it holds in holding.ts, its tasks in working.ts, all else here. The long methods have files
// of their own.
// Every method rejects with `ArcError`. A refusal by the hub has the hub's text, `status` and `code`. Where no hub
// answered, the code is `no_hub`, `unavailable`, `outcome_unknown`, `timeout`, `aborted` or `bad_answer`.

import { setMaxListeners } from 'node:events'
import { ArcError } from '../protocol/errors.js'
import type { ChangeTopic } from '../protocol/kinds.js'
import type { Bootstrap, Channel, Message, Receipt, Session } from '../protocol/objects.js'
import { DEFAULT_SPOOL } from '../protocol/relay.js'
import { callAgent } from './call.js'
import { liveChanges } from './changes.js'
import { FeedReader } from './feed-reader.js'
import { FoundTransport } from './found-transport.js'
import { HttpTransport } from './http-transport.js'
import { type FoundHub, findHub, isNoHub, wordsOf } from './hub-address.js'
import { Leases } from './leases.js'
import { MailboxAccess } from './mailbox-access.js'
import { MAILBOX_FEATURE } from './mailbox-reader.js'
import { liveMessages, untilLeft } from './messages.js'
import type * as options from './options.js'
import { checkedNumber } from './options.js'
import { postMessage } from './posting.js'
import { registration } from './registration.js'
import { RelayTransport } from './relay-transport.js'
import { checkedName, pathPart } from './request-text.js'
import { Requester, withQuery } from './requester.js'
import { serveRequests } from './serve.js'
import type { Transport } from './transport.js'
import { Upkeep } from './upkeep.js'
import { linkSignals } from './waiting.js'
import { Working } from './working.js'

const DEFAULT_TIMEOUT_SEC = 10
const DEFAULT_RETRY_FOR_SEC = 5
const DEFAULT_POLL_SEC = 30
/** `close` waits this many seconds for the hub's answer. */
const FAREWELL_SEC = 2

export class ArcClient extends Working {
  readonly #requester: Requester
  readonly #leases: Leases
  readonly #upkeep: Upkeep
  readonly #mailbox: MailboxAccess
  readonly #closing: AbortController
  /** One cursor for each view of the feed: a poll of one channel must not skip messages of another view. */
  readonly #cursors = new Map<string, FeedReader>()
  /** A view's first poll begins here: at the first bootstrap's `latest_visible_id`. Undefined before it: at 0. */
  #start: { sinceId: number; instanceId: string | undefined } | undefined
  #closed: Promise<void> | undefined

  /**
   * Opens no connection.
   * @throws ArcError `invalid_request`: an empty `agentId`, a `baseUrl` or ARC_BASE_URL that is no http(s) URL, a number
   * beyond its bounds
   */
  constructor(agentId: string, given: options.ClientOptions = {}) {
    const closing = new AbortController()
    const agent = checkedName('agentId', agentId).toWellFormed().trim() // as the hub will have it
    const requester = requesterFor(given, closing)
    const leases = new Leases(requester, agent)
    super(agent, requester, leases)
    this.#requester = requester
    this.#closing = closing
    this.#leases = leases
    this.#upkeep = new Upkeep(requester, agent, leases.kept)
    leases.kept.onKept = () => this.#upkeep.arm()
    this.#mailbox = new MailboxAccess(requester, agent, () => this.#upkeep.isRegistered)
  }

  /**
   * A client over the file relay (PROTOCOL §10): it uses the spool's folder and no network. Besides the codes above
   * it rejects with `not_executed` (no hub took the request) and `request_expired` (408).
   */
  static overRelay(agentId: string, given: options.RelayClientOptions = {}): ArcClient {
    const { spoolDir = DEFAULT_SPOOL, pollIntervalSec, ...rest } = given
    const transport = new RelayTransport({
      agentId: checkedName('agentId', agentId).trim(),
      spoolDir,
      pollIntervalSec,
    })
    return new ArcClient(agentId, { ...rest, transport })
  }

  /**
   * A registered client. Its session replaces an earlier one of the same agent; an earlier client of that name that goes on
   * reading shares the mailbox, so that each message reaches one of the two. Its polls begin with what the agent was not shown
   * yet, or, where the hub has no mailboxes, now.
   */
  static async quickstart(agentId: string, given: options.QuickstartOptions = {}): Promise<ArcClient> {
    const client = new ArcClient(agentId, given)
    try {
      await client.register({ ...given, replace: true })
      await client.bootstrap({ signal: given.signal })
      return client
    } catch (error) {
      await client.close()
      throw error
    }
  }

  // Sessions and presence (PROTOCOL §3)

  /**
   * Opens a session, which the client keeps while it is open: it shows signs of life, and opens the session again after an
   * expiry or a reset of the hub (PROTOCOL §17). By default the session also ends with this process.
   * Without `replace` or `reuse`, an active session of the same agent is `session_exists` (409).
   */
  async register(given: options.RegisterOptions = {}): Promise<Session> {
    const body = registration(this.agentId, given)
    const { result } = await this.#requester.post<Session>('/v1/sessions', body, { signal: given.signal })
    this.#upkeep.registered(result, body)
    return result
  }

  /** Gives the active session another display name of at most 64 characters. No active session: 404. */
  async rename(displayName: string, given: options.CallOptions = {}): Promise<Session> {
    const path = `/v1/sessions/${pathPart(this.agentId, 'agentId')}/rename`
    const { result } = await this.#requester.post<Session>(path, { display_name: displayName }, given)
    this.#upkeep.renamed(result.display_name)
    return result
  }

  /**
   * The agent's session (or null), `latest_visible_id`, the active sessions and the default channel. The client's first
   * bootstrap also sets where its polls begin: after `latest_visible_id`.
   */
  async bootstrap({ signal }: options.CallOptions = {}): Promise<Bootstrap> {
    const path = withQuery('/v1/bootstrap', { agent_id: this.agentId })
    const { result, instanceId } = await this.#requester.get<Bootstrap>(path, { signal })
    this.#start ??= { sinceId: result.latest_visible_id, instanceId }
    return result
  }

  /** The self-test of PROTOCOL §13: a bootstrap with a session. It opens a session only if the agent has none. */
  async whoami(given: options.CallOptions = {}): Promise<Bootstrap & { session: Session }> {
    const before = await this.bootstrap(given)
    if (before.session) return { ...before, session: before.session }
    const session = await this.register({ ...given, replace: true })
    return { ...(await this.bootstrap(given)), session }
  }

  // Channels and messages (PROTOCOL §4)

  /** Creates the channel, or returns the one of that name. */
  async createChannel(
    name: string,
    { metadata, signal }: options.CreateChannelOptions = {},
  ): Promise<Channel> {
    const body = { name, created_by: this.agentId, metadata }
    return (await this.#requester.post<Channel>('/v1/channels', body, { signal })).result
  }

  /**
   * Posts to a channel (default `general`), or, with `to`, to one agent. A body or an attachment is required.
   * Unknown channel of a broadcast, unknown `parentTaskId`, a body or attachment beyond the hub's limits: 400. With
   * `toMustExist`, an addressee that never signed in: `unknown_recipient`. With `ifLatest`, newer messages: `stale`.
   */
  async post(body: string, given: options.PostOptions = {}): Promise<options.PostedMessage> {
    return (await postMessage(this.#requester, this.agentId, body, given)).message
  }

  /** Posts a direct message to the agent `to`. */
  async dm(
    to: string,
    body: string,
    given: options.DirectMessageOptions = {},
  ): Promise<options.PostedMessage> {
    return this.post(body, { ...given, to: checkedName('to', to) })
  }

  /**
   * The messages that this agent may see and has not polled yet. If there are none, the poll waits for the next one,
   * and returns `[]` after `timeout` (seconds, default 30).
   *
   * A client that has registered reads its agent's mailbox (PROTOCOL §18), where the hub has one and unless `channel`,
   * `threadId`, `sinceId` or `includeSelf` asks for another view. The hub marks the messages as shown when the program has
   * got them. Messages come in id order within one poll. `offers` is there if a message was offered before.
   *
   * Without a mailbox the client reads the feed.
   * The client keeps a cursor for each view (a `channel`, a `threadId`, both or neither). A view's first poll begins after
   * the `latest_visible_id` of the client's first bootstrap, or at 0 without one. With `sinceId` a poll reads the
   * messages after that id, and the view's cursor moves forward to the last of them, never back. After a reset of the
   * hub the cursor is 0.
   *
   * Unknown channel: 404. An outage longer than `retryFor`: `no_hub` or `unavailable`.
   */
  async poll(given: options.PollOptions = {}): Promise<options.ReceivedMessage[]> {
    const { channel, threadId, sinceId, limit, includeSelf, signal } = given
    const waitSec = checkedNumber('timeout', given.timeout ?? DEFAULT_POLL_SEC)
    if (await this.#mailbox.serves(given)) return this.#mailbox.poll({ waitSec, limit, signal })
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
   * Messages as they come: `for await (const message of client.messages())`. A client that has registered reads its
   * mailbox, as `poll` does, and the hub marks a message as shown when the loop asks for the next one, or is left.
   *
   * Otherwise it is the live feed. It starts after `sinceId`, by default with the first message after the iteration began,
   * and has a cursor of its own. Both survive restarts and outages of the hub, however long. They end without an error when the signal is aborted, the client closes or the loop ends. Unknown channel: 404.
   */
  messages(given: options.FeedOptions = {}): AsyncIterableIterator<options.ReceivedMessage, undefined> {
    return liveMessages(this.#requester, this.agentId, given, this.#mailbox)
  }

  /**
   * Calls `handler` with each message of `messages()`, one after another, at the handler's pace. Resolves as that iteration
   * ends. Rejects with what the handler throws; the message then counts as shown.
   */
  async onMessage(
    handler: (message: options.ReceivedMessage) => unknown,
    given: options.FeedOptions = {},
  ): Promise<void> {
    for await (const message of this.messages(given)) await handler(message)
  }

  /**
   * Which listings have changed: `for await (const topics of client.changes())`, with topics such as `claims` (PROTOCOL §4).
   * A hint may come without a change. It survives restarts of the hub, and then hints at every topic. It ends as `messages`
   * does. Over the file relay: `invalid_request`.
   */
  changes({ signal }: options.CallOptions = {}): AsyncIterableIterator<readonly ChangeTopic[], undefined> {
    const ending = linkSignals(signal, this.#requester.closing)
    return untilLeft(liveChanges(this.#requester, this.agentId, ending), ending)
  }

  /**
   * What the agent's mailbox has for it next (PROTOCOL §18), or undefined if nothing came within `timeout`. The caller says
   * when the messages were shown; until then the client renews the offer. A hub without `arc:mailbox`: `unsupported`.
   */
  offer(given: options.OfferOptions = {}): Promise<options.OfferedMessages | undefined> {
    return this.#mailbox.offer(given)
  }

  /** Acknowledges a message that is addressed to this agent (PROTOCOL §18). A reply acknowledges as well. Not addressed: 404. */
  async ack(id: number, { note, signal }: options.AckOptions = {}): Promise<Receipt> {
    const body = { agent_id: this.agentId, note }
    const ask = () => this.#requester.post<Receipt>(`/v1/messages/${id}/ack`, body, { signal })
    return (await this.#requester.needing(MAILBOX_FEATURE, { signal, when: 'after' }, ask)).result
  }

  // Calls between agents (PROTOCOL §4, §7)

  /**
   * Posts a `task_request` and waits for its `task_result`, a direct message or one in a channel. After `timeout`
   * (seconds, default 60) it rejects with `timeout`, and the request stays open. The call survives outages of the hub within
   * that time. It moves no cursor of `poll`, and acknowledges the result (§18) unless `ack` is false: a mailbox has it no
   * more. A reset of the hub in between: `not_found`.
   */
  call(target: options.CallTarget, body: string, given: options.TaskRequestOptions = {}): Promise<Message> {
    return callAgent(this.#requester, this.agentId, target, body, given)
  }

  /**
   * Answers every `task_request` addressed to this agent with the value that `handler` returns, each once; of two `serve` of
   * one agent at a time, each answers. It begins with the open requests that came before. The `task_result` is a direct
   * message to the requester in the same thread. If the handler throws, the result's body is the error's text, and its `metadata.error` is true. Resolves when the signal is
   * aborted or the client closes. Requests in progress then stay open, and the next `serve` takes them.
   */
  serve(handler: options.TaskHandler, given: options.ServeOptions = {}): Promise<void> {
    return serveRequests(this.#requester, this.agentId, handler, given)
  }

  /**
   * Ends the session that this client opened, releases what it keeps, aborts its calls and closes its sockets. Work under
   * `withLock` keeps its lock until that expires. Never rejects.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const farewellSec = Math.min(FAREWELL_SEC, this.#requester.timeoutSec)
    this.#closing.abort(new ArcError('aborted', 'the client was closed'))
    await new Promise(setImmediate) // loops hear of the abort, and hand over no more
    await this.#mailbox.close(farewellSec)
    this.#upkeep.stop()
    const held = this.#leases.kept.untold
    this.#leases.kept.clear()
    await this.#requester.settled()
    // If another client has taken over the session, it may count on what the agent holds.
    if ((await this.#endSession(farewellSec)) && held.length > 0)
      await this.#leases.releaseThese(held, AbortSignal.timeout(Math.ceil(farewellSec * 1_000)))
    await this.#requester.close()
  }

  /** False if the session that this client opened could not be ended. */
  async #endSession(timeoutSec: number): Promise<boolean> {
    const { sessionId } = this.#upkeep
    if (sessionId === undefined) return true
    try {
      const path = `/v1/sessions/${pathPart(sessionId, 'sessionId')}`
      await this.#requester.send({ method: 'DELETE', path, timeoutSec, retryForSec: 0 })
      return true
    } catch {
      return false
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #cursor(channel: string | undefined, threadId: string | undefined): FeedReader {
    const name = JSON.stringify([channel ?? null, threadId ?? null])
    let cursor = this.#cursors.get(name)
    if (!cursor) {
      const view = { channel, threadId, ...(this.#start ?? { sinceId: 0 }) }
      cursor = new FeedReader(this.#requester, this.agentId, view)
      this.#cursors.set(name, cursor)
    }
    return cursor
  }
}

function requesterFor(given: options.ClientOptions, closing: AbortController): Requester {
  const timeoutSec = checkedNumber('timeout', given.timeout ?? DEFAULT_TIMEOUT_SEC)
  const retryForSec = checkedNumber('retryFor', given.retryFor ?? DEFAULT_RETRY_FOR_SEC)
  if (timeoutSec === 0) throw new ArcError('invalid_request', 'timeout must be more than 0 seconds')
  // Every call in progress listens to it; there is no bound on their number.
  setMaxListeners(0, closing.signal)
  const connect = ({ url }: { readonly url: string }) =>
    new HttpTransport({ baseUrl: url, connectTimeoutSec: timeoutSec })
  const { baseUrl } = given
  const transport =
    given.transport ?? (baseUrl === undefined ? toNearest(connect) : connect({ url: baseUrl }))
  return new Requester(transport, { timeoutSec, retryForSec, closing: closing.signal })
}

function toNearest(connect: (hub: FoundHub) => Transport): Transport {
  const folder = process.cwd() // the program may change it
  const warned = new Set<string>()
  const find = () =>
    findHub((doubt) => {
      if (warned.has(doubt.path)) return
      warned.add(doubt.path)
      process.emitWarning(wordsOf(doubt, 'name its hub by baseUrl or ARC_BASE_URL'), 'ArcWarning')
    }, folder)
  let hub: FoundHub | undefined
  try {
    hub = find()
  } catch (error) {
    if (!isNoHub(error)) throw error
  }
  return new FoundTransport(find, connect, hub)
}
