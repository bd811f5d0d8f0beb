// What a client can ask without a change at the hub: one method for each listing and each single thing. Listings of leases and
// tasks are beside the methods that change them.

import type {
  Agent,
  Channel,
  HeldWake,
  HubInfo,
  HubStatus,
  Mailbox,
  Message,
  Receipt,
  Session,
  ThreadDetail,
  ThreadSummary,
  Wake,
} from '../protocol/objects.js'
import { pollTimeoutSec } from './long-poll.js'
import { MAILBOX_FEATURE } from './mailbox-reader.js'
import type * as options from './options.js'
import { checkedNumber } from './options.js'
import { allThreads } from './pages.js'
import { pathPart } from './request-text.js'
import { type Requester, withQuery } from './requester.js'

const WAKE_FEATURE = 'arc:wake'

export abstract class Reading {
  readonly agentId: string
  readonly #requester: Requester

  constructor(agentId: string, requester: Requester) {
    this.agentId = agentId
    this.#requester = requester
  }

  // Agents (PROTOCOL §3, §17)

  /** The active sessions, by agent id. The call counts as a sign of life of this agent. */
  async listAgents({ capability, signal }: options.ListAgentsOptions = {}): Promise<Session[]> {
    return this.#list('/v1/agents', { capability, as: this.agentId }, signal)
  }

  /**
   * One agent whole: its session, its mailbox, what it holds, its open tasks and its last message (PROTOCOL §17). An agent
   * that never signed in: 404. Default: this agent.
   */
  async agent(agentId = this.agentId, { signal }: options.CallOptions = {}): Promise<Agent> {
    return this.#one(MAILBOX_FEATURE, `/v1/agents/${pathPart(agentId, 'agentId')}`, signal)
  }

  // Channels and messages (PROTOCOL §4, §18)

  /** All channels, by name. */
  listChannels({ signal }: options.CallOptions = {}): Promise<Channel[]> {
    return this.#list('/v1/channels', {}, signal)
  }

  /** The broadcasts in a channel, a thread, or both, by id. Neither given: 400. Unknown channel: 404. */
  async listMessages(given: options.ListMessagesOptions): Promise<Message[]> {
    const { channel, threadId, sinceId, beforeId, limit, timeout, tail, signal } = given
    const params = {
      channel,
      thread_id: threadId,
      since_id: sinceId,
      before_id: beforeId,
      limit,
      timeout,
      tail,
    }
    const timeoutSec = pollTimeoutSec(checkedNumber('timeout', timeout ?? 0), this.#requester.timeoutSec)
    const ask = () =>
      this.#requester.get<Message[]>(withQuery('/v1/messages', params), { signal, timeoutSec })
    return (await this.#backwards(beforeId, signal, ask)).result
  }

  /** The direct messages to this agent, by id: by default the oldest 100. */
  async inbox({ sinceId, beforeId, limit, tail, signal }: options.InboxOptions = {}): Promise<Message[]> {
    const params = { since_id: sinceId, before_id: beforeId, limit, tail }
    const path = withQuery(`/v1/inbox/${pathPart(this.agentId, 'agentId')}`, params)
    const ask = () => this.#requester.get<Message[]>(path, { signal })
    return (await this.#backwards(beforeId, signal, ask)).result
  }

  /** One message. Unknown: 404. */
  message(id: number, { signal }: options.CallOptions = {}): Promise<Message> {
    return this.#one(MAILBOX_FEATURE, `/v1/messages/${id}`, signal)
  }

  /** How far a message has come on its way to each addressee (PROTOCOL §18). An ambient message has none. Unknown: 404. */
  receipts(id: number, { signal }: options.CallOptions = {}): Promise<Receipt[]> {
    return this.#one(MAILBOX_FEATURE, `/v1/messages/${id}/receipts`, signal)
  }

  /**
   * The receipts of messages that were neither shown nor acknowledged, by message id: by default of those that this agent
   * has sent (`from: null`: of all).
   */
  undelivered(given: options.UndeliveredOptions = {}): Promise<Receipt[]> {
    const { from = this.agentId, to, olderThanSec, limit, signal } = given
    const params = { from: from ?? undefined, to, older_than_sec: olderThanSec, limit }
    return this.#one(MAILBOX_FEATURE, withQuery('/v1/undelivered', params), signal)
  }

  /** How much an agent has not been shown yet (PROTOCOL §18). Default: this agent. */
  async mailbox(agentId = this.agentId, { signal }: options.CallOptions = {}): Promise<Mailbox> {
    return this.#one(MAILBOX_FEATURE, `/v1/mailboxes/${pathPart(agentId, 'agentId')}`, signal)
  }

  /**
   * Whether an unread message may wake an agent (PROTOCOL §18). Default: this agent. With `timeout`, in seconds up to 60, the
   * answer waits until one may. A hub without `arc:wake`: `unsupported`.
   */
  async wake(agentId = this.agentId, { timeout = 0, signal }: options.WakeOptions = {}): Promise<Wake> {
    const timeoutSec = pollTimeoutSec(checkedNumber('timeout', timeout), this.#requester.timeoutSec)
    const path = withQuery(`/v1/mailboxes/${pathPart(agentId, 'agentId')}/wake`, { timeout })
    const ask = async () => (await this.#requester.get<Wake>(path, { signal, timeoutSec })).result
    return this.#requester.needing(WAKE_FEATURE, { signal, when: 'after' }, ask)
  }

  /** The rows of messages among agents that wake nobody further until a person joins them (PROTOCOL §18). */
  heldWakes({ signal }: options.CallOptions = {}): Promise<HeldWake[]> {
    return this.#one(WAKE_FEATURE, '/v1/held-wakes', signal)
  }

  // Threads (PROTOCOL §5)

  /** The summaries of all threads, newest message first. */
  listThreads({ signal }: options.CallOptions = {}): Promise<ThreadSummary[]> {
    return allThreads((limit, cursor) =>
      this.#requester.get(withQuery('/v1/threads', { limit, cursor }), { signal }),
    )
  }

  /** A thread: its summary, messages, tasks, claims and locks. Unknown: 404. */
  async getThread(threadId: string, { signal }: options.CallOptions = {}): Promise<ThreadDetail> {
    const path = `/v1/threads/${pathPart(threadId, 'threadId')}`
    return (await this.#requester.get<ThreadDetail>(path, { signal })).result
  }

  // The hub (PROTOCOL §8)

  /** The hub's limits, features, `instance_id` and implementation. */
  async hubInfo({ signal }: options.CallOptions = {}): Promise<HubInfo> {
    const { result } = await this.#requester.get<HubInfo>('/v1/hub-info', { signal })
    this.#requester.learn(result)
    return result
  }

  /** The hub's process, counts and durability (`arc:status`). A hub without that feature answers 404. */
  async status({ signal }: options.CallOptions = {}): Promise<HubStatus> {
    return (await this.#requester.get<HubStatus>('/v1/status', { signal })).result
  }

  /** A hub of version 1 would ignore `before_id`. */
  #backwards<T>(
    beforeId: number | undefined,
    signal: AbortSignal | undefined,
    ask: () => Promise<T>,
  ): Promise<T> {
    if (beforeId === undefined) return ask()
    return this.#requester.needing(MAILBOX_FEATURE, { signal, when: 'before' }, ask)
  }

  /** The result of a GET that only our hubs serve. @throws ArcError `unsupported` */
  #one<T>(feature: string, path: string, signal: AbortSignal | undefined): Promise<T> {
    const ask = async () => (await this.#requester.get<T>(path, { signal })).result
    return this.#requester.needing(feature, { signal, when: 'after' }, ask)
  }

  async #list<T>(
    path: string,
    params: Record<string, string | number | boolean | undefined>,
    signal: AbortSignal | undefined,
  ): Promise<T[]> {
    return (await this.#requester.get<T[]>(withQuery(path, params), { signal })).result
  }
}
