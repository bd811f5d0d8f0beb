// Listings of messages at this door, at once or as soon as there is something to list: from the recent messages,
// else from the storage, else those who ask are parked and woken by the feed.
//
// A thousand agents wait at once, are woken by one message and ask again: what they leave behind is collected each time,
// and the pauses of that are what the last of them waits for. So a search is one object that answers its request itself, not
// a chain of async functions or promises, each of which would keep a frame or closures for as long as it waits.

import { type Answer, successList } from '../protocol/envelope.js'
import type { FeedMessage, MessageFilter, Page, PageQuery } from '../storage/commands.js'
import type { DoorRequest } from './dispatcher.js'
import { idOf, RecentMessages } from './recent.js'
import type { Poll } from './routes.js'
import { type Waiter, Waiters, type WakeReason } from './waiters.js'

export interface PollsOptions {
  /** Reads from the storage; rejects when it stays away. */
  readonly page: (query: PageQuery) => Promise<Page>
  /** Tells the storage that these agents are alive. */
  readonly touch: (agentIds: readonly string[]) => void
  /** Begins the feed again, after an id; what is on its way may come a second time. */
  readonly subscribe: (afterId: number) => void
  readonly unsubscribe: () => void
  readonly refusal: (error: unknown, request: DoorRequest) => Answer
  readonly presenceTtlSec: number
}

export class Polls {
  readonly #options: PollsOptions
  readonly #waiters = new Waiters()
  readonly #knownChannels = new Set<string>()
  /** Absent until the storage was there for the first time. */
  #recent: RecentMessages | undefined
  #isSubscribed = false
  /** The message that was handed out last, and its answer: all who are woken by one message get the same text. */
  #lastWord: { readonly item: string; readonly answer: Answer } = { item: '', answer: successList([]) }
  #aliveTimer: NodeJS.Timeout | undefined
  #ended = false

  constructor(options: PollsOptions) {
    this.#options = options
  }

  /** The highest id that has come by. */
  get latestId(): number {
    return this.#recent?.latestId ?? 0
  }

  get waiting(): number {
    return this.#waiters.size
  }

  /** Agents who wait. */
  agents(): string[] {
    return this.#waiters.agents()
  }

  /** The door closes: nobody is parked any more. */
  get ended(): boolean {
    return this.#ended
  }

  /** The feed begins: after this id, or after the last one that has come by. */
  connected(latestId: number): void {
    this.#recent ??= new RecentMessages(latestId)
    this.#isSubscribed = true
  }

  published(messages: readonly FeedMessage[]): void {
    if (this.#waiters.size > 0) this.#recent?.want() // whoever is woken will ask for what comes next
    this.#recent?.append(messages)
    if (this.#recent?.isWanted === false) this.#unsubscribe() // again, too, for what was on its way
    this.#waiters.published(messages)
  }

  /** Messages up to `latestId` were committed that did not come by. */
  skipped(latestId: number): void {
    this.#recent?.skipTo(latestId)
    this.#waiters.wakeAll('again')
  }

  /** Answers everyone who waits with what there is, and from now on lets nobody wait. */
  end(): void {
    this.#ended = true
    clearInterval(this.#aliveTimer)
    this.#waiters.wakeAll('ended')
  }

  /** Answers a request for a listing. */
  answer(poll: Poll, request: DoorRequest): void {
    if (poll.touches !== undefined) this.#options.touch([poll.touches])
    new AnsweringSearch(this, poll, request).look()
  }

  /**
   * The rows of a listing; empty at the deadline, when the request is abandoned, or when the door closes. Rejects as the
   * storage does: 404 for a channel that does not exist, and when it stays away.
   */
  rows(poll: Poll, request: DoorRequest): Promise<Page> {
    return new Promise((resolve, reject) => new PromisedSearch(this, poll, request, resolve, reject).look())
  }

  /** The answer to a poll that has found these messages. */
  listing({ touches, timeoutMs }: Poll, { items, isCut }: Page): Answer {
    if (touches !== undefined && timeoutMs > 0) this.#options.touch([touches])
    const [item] = items
    if (item === undefined || items.length > 1 || isCut) return successList(items, isCut)
    if (this.#lastWord.item !== item) this.#lastWord = { item, answer: successList(items) }
    return this.#lastWord.answer
  }

  refusal(error: unknown, request: DoorRequest): Answer {
    return this.#options.refusal(error, request)
  }

  /** What is known here; undefined when the storage has to be asked. */
  recent({ filter, limit, timeoutMs }: Poll, sinceId: number): string[] | undefined {
    // Another hub may have committed what has not come by yet; who does not wait for it must be told now.
    if (timeoutMs === 0) return undefined
    // Nobody is to wait in a channel that does not exist.
    if (filter.channels && !filter.channels.every((channel) => this.#knownChannels.has(channel)))
      return undefined
    if (!this.#recent) return undefined
    if (!this.#isSubscribed) this.#subscribe(this.#recent.latestId)
    return this.#recent.after(sinceId, filter, limit)
  }

  /**
   * The feed of a door where nobody reads stands still. It goes on where it stopped, and until it has caught up those who
   * wait are in the same position as if what they wait for had not been posted yet.
   */
  #subscribe(afterId: number): void {
    this.#isSubscribed = true
    this.#options.subscribe(afterId)
  }

  #unsubscribe(): void {
    this.#isSubscribed = false
    this.#options.unsubscribe()
  }

  /** What is stored. @throws ArcError 404 for a channel that does not exist */
  async page(query: PageQuery): Promise<Page> {
    const page = await this.#options.page(query)
    for (const channel of query.channels ?? []) this.#knownChannels.add(channel)
    return page
  }

  park(waiter: Waiter, timeoutMs: number): void {
    this.#waiters.park(waiter, timeoutMs)
    this.#keepAlive()
  }

  /** Takes a waiter out again; false when it has been woken. */
  leave(waiter: Waiter): boolean {
    return this.#waiters.remove(waiter)
  }

  /** Tells the storage which agents are blocked in a long-poll here: they are alive. */
  reportAlive(): void {
    this.#options.touch(this.agents())
  }

  /** While anyone waits, the sessions of those who do are kept alive (PROTOCOL §3). */
  #keepAlive(): void {
    const everyMs = Math.min(30_000, (this.#options.presenceTtlSec * 1_000) / 3)
    this.#aliveTimer ??= setInterval(() => {
      if (this.#waiters.size > 0) return this.reportAlive()
      clearInterval(this.#aliveTimer)
      this.#aliveTimer = undefined
    }, everyMs)
  }
}

/** One listing on its way: looks, waits if it may, and looks again. Ends once, with `found` or `failed`. */
abstract class Search implements Waiter {
  protected readonly polls: Polls
  protected readonly poll: Poll
  protected readonly request: DoorRequest
  /** Epoch milliseconds. */
  readonly #deadline: number
  #sinceId: number
  #tail: boolean

  constructor(polls: Polls, poll: Poll, request: DoorRequest) {
    this.polls = polls
    this.poll = poll
    this.request = request
    this.#deadline = Date.now() + poll.timeoutMs
    this.#sinceId = poll.sinceId
    this.#tail = poll.tail
  }

  protected abstract found(rows: Page): void
  protected abstract failed(error: unknown): void

  get filter(): MessageFilter {
    return this.poll.filter
  }

  look(): void {
    const recent = this.#tail ? undefined : this.polls.recent(this.poll, this.#sinceId)
    if (recent) this.#seen(recent)
    else this.#ask()
  }

  /** Called among others whose turn it is as well: what fails here is a defect, and ends the actor. */
  wake(reason: WakeReason): void {
    this.request.abandonment.off(this.#abandoned)
    if (reason === 'deadline' || reason === 'ended') this.#end([])
    else this.look()
  }

  #ask(): void {
    const { filter, limit } = this.poll
    const query = { ...filter, sinceId: this.#sinceId, limit, tail: this.#tail }
    this.polls.page(query).then(
      (page) => this.#read(page),
      (error) => this.failed(error),
    )
  }

  #read({ items, upToId, isCut }: Page): void {
    this.#sinceId = Math.max(this.#sinceId, upToId)
    this.#tail = false
    if (items.length === 0 && this.#deadline > Date.now()) this.look()
    else this.#end(items, isCut)
  }

  /** All that is known here was looked through, up to the limit. Whoever has found nothing is parked in the same turn. */
  #seen(items: readonly string[]): void {
    const upToId = items.length < this.poll.limit ? this.polls.latestId : idOf(items.at(-1) as string)
    this.#sinceId = Math.max(this.#sinceId, upToId)
    const leftMs = this.#deadline - Date.now()
    const { abandonment } = this.request
    if (items.length > 0 || leftMs <= 0 || this.polls.ended || abandonment.happened) {
      this.#end(items)
      return
    }
    this.request.parked?.()
    this.polls.park(this, leftMs)
    abandonment.on(this.#abandoned)
  }

  readonly #abandoned = () => {
    if (this.polls.leave(this)) this.wake('ended')
  }

  #end(items: readonly string[], isCut = false): void {
    this.found({ items, upToId: this.#sinceId, isCut })
  }
}

class AnsweringSearch extends Search {
  protected found(page: Page): void {
    this.request.answer(this.polls.listing(this.poll, page))
  }

  protected failed(error: unknown): void {
    this.request.answer(this.polls.refusal(error, this.request))
  }
}

class PromisedSearch extends Search {
  protected readonly found: (rows: Page) => void
  protected readonly failed: (error: unknown) => void

  constructor(
    polls: Polls,
    poll: Poll,
    request: DoorRequest,
    found: (rows: Page) => void,
    failed: (error: unknown) => void,
  ) {
    super(polls, poll, request)
    this.found = found
    this.failed = failed
  }
}
