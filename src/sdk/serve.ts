// Answering the `task_request`s that are addressed to an agent (PROTOCOL §4, §7), each once.
//
//   catch up    what is in the feed now (`latest`), which tasks are open, then the inbox from before the
//               lowest open one: requests up to `latest` whose task is open
//   live        the feed after `latest`: every request to me
//   hub reset   catch up again in the new state; answers to requests of the old one are dropped
//
// A request is answered by a `task_result`, which closes its task in the same transaction: that is what
// makes "open" mean "not answered yet". When `serve` ends, requests not yet answered stay open, and the next
// `serve` takes them up. While handlers work the feed is read on, so the session stays alive.

import { randomUUID } from 'node:crypto'
import { ArcError, ERROR_KINDS } from '../protocol/errors.js'
import { QUERY_LIMIT } from '../protocol/limits.js'
import type { Message, Task } from '../protocol/objects.js'
import { FeedReader, HubReset, LONG_POLL_SEC } from './feed-reader.js'
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

/** Room for an error's text below any sensible `max_body_chars`. */
const MAX_ERROR_CHARS = 4_000
/** A hub that fails this often on one answer has a defect that more tries do not cure. */
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
  /** Why a handler's answer could not be delivered, ever. Ends the service. */
  failure: unknown
  readonly #requester: Requester
  readonly #agentId: string
  readonly #handler: TaskHandler
  readonly #concurrency: number
  readonly #ending: LinkedSignal
  readonly #signal: AbortSignal
  readonly #waiting: Job[] = []
  #working = 0

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

  /** Never resolves: throws when the signal is aborted or the service fails. */
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
        this.#waiting.length = 0
      }
    }
  }

  /** Takes up the open requests that are there already; the reader that it returns goes on after them. */
  async #catchUp(): Promise<FeedReader> {
    const start = await latest(this.#requester, this.#agentId, this.#signal)
    const open = await this.#openTasks(start.instanceId)
    const missed: Message[] = []
    let sinceId = Infinity
    for (const id of open) sinceId = Math.min(sinceId, id - 1)
    while (sinceId < start.sinceId) {
      const path = withQuery(`/v1/inbox/${pathPart(this.#agentId)}`, {
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
    this.#waiting.push({ request: message, instanceId })
    this.#startMore()
  }

  #startMore(): void {
    while (this.#working < this.#concurrency && !this.#signal.aborted) {
      const job = this.#waiting.shift()
      if (!job) return
      this.#working++
      this.#work(job)
        .catch((error: unknown) => this.#fail(error))
        .finally(() => {
          this.#working--
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
    // The answer itself is at fault, say too long: the requester is told so, rather than left to wait.
    const stillRefused = await this.#deliver(job, errorAnswer(refused))
    if (stillRefused) throw stillRefused
  }

  /** Posts until it is certain that the answer has arrived, or returns why the hub will not have it. */
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
    const delivery = { retryForSec: Infinity, idempotencyKey: randomUUID() }
    for (let tries = 1; ; tries++) {
      if (this.#signal.aborted) return undefined
      // Ids of a state that is gone mean something else now.
      if (this.#requester.instanceId !== job.instanceId) return undefined
      try {
        await postMessage(this.#requester, this.#agentId, body, options, delivery)
        return undefined
      } catch (error) {
        if (!(error instanceof ArcError)) throw error
        if (!isUncertain(error) || tries === MAX_TRIES) return error
        // Where the hub cannot replay by key, the task tells: a result that arrived has closed it.
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
  return { body: text.slice(0, MAX_ERROR_CHARS), metadata: { error: true } }
}
