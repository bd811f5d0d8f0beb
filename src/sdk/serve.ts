// Answers each `task_request` to an agent once (PROTOCOL §4, §7).
//
//   catch up    reads the feed's end (`latest`), the open tasks, then the inbox from the lowest open task on: it takes
//               the requests up to `latest` whose task is open
//   live        reads the feed after `latest`: it takes every request to this agent
//   hub reset   catches up again in the new state, and drops answers to requests of the old one
//
// A `task_result` closes its task in the same transaction, so an open task is one without an answer. When `serve` ends,
// requests without an answer stay open, and the next `serve` takes them. The feed is read while handlers run, which
// keeps the session alive.

import { crypto } from '../crypto.js'
import { beginning } from '../cut.js'
import { ArcError, ERROR_KINDS } from '../protocol/errors.js'
import { QUERY_LIMIT } from '../protocol/limits.js'
import type { Message, Task } from '../protocol/objects.js'
import { FeedReader, HubReset } from './feed-reader.js'
import { LONG_POLL_SEC } from './long-poll.js'
import { latest } from './messages.js'
import {
  checkedNumber,
  type PostOptions,
  type ServeOptions,
  type TaskAnswer,
  type TaskHandler,
} from './options.js'
import { postMessage } from './posting.js'
import { pathPart } from './request-text.js'
import { type Requester, withQuery } from './requester.js'
import { backoffMs } from './retry.js'
import { type LinkedSignal, linkSignals, pause } from './waiting.js'

/** An error's text is cut to this length, below any sensible `max_body_chars`. */
const MAX_ERROR_CHARS = 4_000
/** After this many tries to post one answer the hub has a defect, and more tries won't help. */
const MAX_TRIES = 10

interface Job {
  readonly request: Message
  readonly instanceId: string | undefined
}

export async function serveRequests(
  requester: Requester,
  agentId: string,
  handler: TaskHandler,
  options: ServeOptions,
): Promise<void> {
  const concurrency = checkedNumber('concurrency', options.concurrency ?? 1)
  const ending = linkSignals(options.signal, requester.closing)
  const service = new Service(requester, agentId, handler, concurrency, ending)
  try {
    await service.run()
  } catch (error) {
    if (service.failure) throw service.failure
    if (!ending.signal.aborted) throw error
  } finally {
    ending.abort('serve has ended')
    ending.release()
  }
}

class Service {
  /** Why the hub will never take a handler's answer. It ends the service. */
  failure: unknown
  readonly #requester: Requester
  readonly #agentId: string
  readonly #handler: TaskHandler
  readonly #concurrency: number
  readonly #ending: LinkedSignal
  readonly #signal: AbortSignal
  readonly #queue: Job[] = []
  #running = 0

  constructor(
    requester: Requester,
    agentId: string,
    handler: TaskHandler,
    concurrency: number,
    ending: LinkedSignal,
  ) {
    this.#requester = requester
    this.#agentId = agentId
    this.#handler = handler
    this.#concurrency = concurrency
    this.#ending = ending
    this.#signal = ending.signal
  }

  /** Never resolves: rejects when the signal is aborted or the service fails. */
  async run(): Promise<never> {
    const page = {
      waitSec: LONG_POLL_SEC,
      limit: QUERY_LIMIT.max,
      includeSelf: true, // another process may ask under the same agent id
      signal: this.#signal,
      persist: true,
    }
    for (;;) {
      try {
        const reader = await this.#catchUp()
        for (;;) {
          for (const message of await reader.read(page)) this.#take(message, reader.instanceId)
        }
      } catch (error) {
        if (!(error instanceof HubReset)) throw error
        this.#queue.length = 0
      }
    }
  }

  /** Takes the open requests that the hub already holds. Its reader starts after them. */
  async #catchUp(): Promise<FeedReader> {
    const start = await latest(this.#requester, this.#agentId, this.#signal)
    const open = await this.#openTasks(start.instanceId)
    const missed: Message[] = []
    let sinceId = Infinity
    for (const id of open) sinceId = Math.min(sinceId, id - 1)
    while (sinceId < start.sinceId) {
      const path = withQuery(`/v1/inbox/${pathPart(this.#agentId, 'agentId')}`, {
        since_id: sinceId,
        limit: QUERY_LIMIT.max,
      })
      const rows = await this.#read<Message[]>(path, start.instanceId)
      missed.push(...rows.filter((row) => row.id <= start.sinceId && open.has(row.id)))
      sinceId = rows.at(-1)?.id ?? Infinity
    }
    for (const message of missed) this.#take(message, start.instanceId)
    return new FeedReader(this.#requester, this.#agentId, { ...start, onReset: 'throw' })
  }

  async #openTasks(instanceId: string | undefined, threadId?: string | null): Promise<Set<number>> {
    const path = withQuery('/v1/tasks', { status: 'open', thread_id: threadId ?? undefined })
    const tasks = await this.#read<Task[]>(path, instanceId)
    return new Set(tasks.map((task) => task.task_id))
  }

  async #read<T>(path: string, expectedInstanceId: string | undefined): Promise<T> {
    const { result, instanceId } = await this.#requester.get<T>(path, {
      signal: this.#signal,
      retryForSec: Infinity,
    })
    if (instanceId !== expectedInstanceId) throw new HubReset('the hub was reset')
    return result
  }

  #take(message: Message, instanceId: string | undefined): void {
    if (message.kind !== 'task_request' || message.to_agent !== this.#agentId) return
    this.#queue.push({ request: message, instanceId })
    this.#startMore()
  }

  #startMore(): void {
    while (this.#running < this.#concurrency && !this.#signal.aborted) {
      const job = this.#queue.shift()
      if (!job) return
      this.#running++
      this.#work(job)
        .catch((error: unknown) => this.#fail(error))
        .finally(() => {
          this.#running--
          this.#startMore()
        })
    }
  }

  #fail(error: unknown): void {
    if (this.#signal.aborted || error instanceof HubReset) return
    this.failure = error
    this.#ending.abort(error)
  }

  async #work(job: Job): Promise<void> {
    let answer: PostOptions & { body: string }
    try {
      answer = asMessage(await this.#handler(job.request, { signal: this.#signal }))
    } catch (error) {
      answer = errorAnswer(error)
    }
    const refused = await this.#deliver(job, answer)
    if (!refused) return
    // The hub refuses this answer (too long, say). The requester gets the refusal as the result, instead of none.
    const stillRefused = await this.#deliver(job, errorAnswer(refused))
    if (stillRefused) throw stillRefused
  }

  /** Posts until the hub certainly has the answer, or returns the hub's refusal. */
  async #deliver(job: Job, answer: PostOptions & { body: string }): Promise<ArcError | undefined> {
    const { request } = job
    const { body, ...content } = answer
    const options: PostOptions = {
      ...content,
      kind: 'task_result',
      to: request.from_agent,
      replyTo: request.id,
      threadId: request.thread_id ?? undefined,
      signal: this.#signal,
    }
    const delivery = { retryForSec: Infinity, idempotencyKey: crypto().randomUUID() }
    for (let tries = 1; ; tries++) {
      if (this.#signal.aborted) return undefined
      // After a reset the request's id means another message.
      if (this.#requester.instanceId !== job.instanceId) return undefined
      try {
        await postMessage(this.#requester, this.#agentId, body, options, delivery)
        return undefined
      } catch (error) {
        if (!(error instanceof ArcError)) throw error
        if (!isUncertain(error) || tries === MAX_TRIES) return error
        // A hub that can't replay by key tells by the task: a result that arrived has closed it.
        if (!(await this.#openTasks(job.instanceId, request.thread_id)).has(request.id)) return undefined
        await pause(backoffMs(tries), this.#signal)
      }
    }
  }
}

function isUncertain(error: ArcError): boolean {
  const kinds: Record<string, { outcome: string } | undefined> = ERROR_KINDS
  return error.retryable || error.status >= 500 || kinds[error.code]?.outcome === 'unknown'
}

function asMessage(answer: TaskAnswer): PostOptions & { body: string } {
  if (typeof answer === 'string') return { body: answer }
  return { body: answer.body ?? '', attachments: answer.attachments, metadata: answer.metadata }
}

function errorAnswer(error: unknown): PostOptions & { body: string } {
  const text = (error instanceof Error ? error.message : String(error)).trim() || 'the handler failed'
  return { body: beginning(text, MAX_ERROR_CHARS), metadata: { error: true } }
}
