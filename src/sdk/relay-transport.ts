// The transport over files, for a sandbox without a network (PROTOCOL §10): a request is a file in the spool, and its
// answer is another. The transport watches for answers. It also looks for them by a timer, since some mounts report no
// changes.
//
// Guarantees: it withdraws a request that gets no answer in time, and its error says whether the hub had taken the
// request. It never resolves a path. `close` ends it.

import { type FSWatcher, watch } from 'node:fs'
import { Submitter } from '../fsqueue/submit.js'
import { ArcError } from '../protocol/errors.js'
import { agentFolder, parseRelayResponse, RELAY_STATUS, type RelayRequest } from '../protocol/relay.js'
import { checkedNumber } from './options.js'
import { newRequestName } from './request-name.js'
import { requestText } from './request-text.js'
import type { Transport, TransportAnswer, TransportRequest } from './transport.js'
import { closedError, throwIfAborted, untilAborted } from './waiting.js'

export interface RelayTransportOptions {
  readonly agentId: string
  /** The spool's folder; never resolved. */
  readonly spoolDir: string
  readonly pollIntervalSec?: number | undefined
}

interface Pending {
  readonly stem: string
  readonly resolve: (answer: TransportAnswer) => void
  readonly reject: (error: ArcError) => void
  readonly giveUpAt: number
  readonly timeoutSec: number
  /** The time at which its response was first unreadable, in milliseconds of `performance.now`. */
  garbledAt?: number
}

const POLL_SEC = 0.05
/** Milliseconds between looks once the watch has proved that it works: the looks find the answer of a lost event. */
const GUARD_MS = 250
/** Milliseconds for a response to become readable: some mounts show a file before all of it is there. */
const GARBLED_MS = 1_000

export class RelayTransport implements Transport {
  readonly #options: RelayTransportOptions
  readonly #files: Submitter
  readonly #pollMs: number
  readonly #pending = new Map<string, Pending>()
  #watcher: FSWatcher | undefined
  /** The watch has reported a response, so the timer may be slow. */
  #watchWorks = false
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: RelayTransportOptions) {
    this.#options = options
    this.#files = new Submitter(options.spoolDir, agentFolder(options.agentId))
    const pollSec = checkedNumber('pollIntervalSec', options.pollIntervalSec ?? POLL_SEC)
    this.#pollMs = Math.max(1, pollSec * 1_000)
  }

  async request(request: TransportRequest): Promise<TransportAnswer> {
    throwIfAborted(request.signal)
    if (this.#closed) throw closedError()
    const stem = request.idempotencyKey ?? newRequestName()
    const text = this.#envelope(stem, request)
    const answer = this.#answerTo(stem, request.timeoutSec)
    try {
      this.#submit(stem, text)
      return await untilAborted(answer, request.signal)
    } catch (error) {
      if (this.#pending.delete(stem)) this.#dismiss(stem)
      throw error
    } finally {
      this.#restIfIdle()
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const { stem, reject } of this.#pending.values()) {
      this.#dismiss(stem)
      reject(closedError())
    }
    this.#pending.clear()
    this.#restIfIdle()
    this.#watcher?.close()
    this.#watcher = undefined
  }

  /** Called before `#submit`, so that it misses no answer. */
  #answerTo(stem: string, timeoutSec: number): Promise<TransportAnswer> {
    const answer = new Promise<TransportAnswer>((resolve, reject) => {
      const giveUpAt = performance.now() + timeoutSec * 1_000
      this.#pending.set(stem, { stem, resolve, reject, giveUpAt, timeoutSec })
    })
    answer.catch(() => {}) // after an abort nobody listens
    return answer
  }

  #envelope(stem: string, { method, path, body }: TransportRequest): string {
    const request: RelayRequest = {
      request_id: stem,
      agent_id: this.#options.agentId,
      method,
      path,
      body: body ?? null,
      created_at: new Date().toISOString(),
    }
    return requestText(request)
  }

  #submit(stem: string, text: string): void {
    try {
      if (!this.#watcher) this.#watchResponses()
      this.#files.submit(stem, text)
    } catch (error) {
      throw notWritten(this.#options.spoolDir, error as NodeJS.ErrnoException)
    }
    this.#schedule()
  }

  /** @throws NodeJS.ErrnoException where there is no spool */
  #watchResponses(): void {
    this.#files.prepare()
    try {
      this.#watcher = watch(this.#files.responses, (_event, name) => this.#noticed(name))
      this.#watcher.on('error', () => this.#unwatch())
      this.#watcher.unref()
    } catch {
      // The system has no watches left, or the file system supports none. The timer's looks find the answers.
    }
  }

  #unwatch(): void {
    this.#watcher?.close()
    this.#watcher = undefined
    this.#watchWorks = false
  }

  #noticed(name: string | null): void {
    const pending = name === null ? undefined : this.#pending.get(name.replace(/\.json$/, ''))
    if (name === null) this.#lookAtAll()
    else if (pending && this.#look(pending)) this.#watchWorks = true
  }

  #schedule(): void {
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined
        this.#lookAtAll()
        if (this.#pending.size > 0) this.#schedule()
      },
      this.#watchWorks ? GUARD_MS : this.#pollMs,
    )
  }

  #lookAtAll(): void {
    const now = performance.now()
    for (const pending of [...this.#pending.values()]) {
      if (this.#files.hasResponse(pending.stem) && this.#look(pending)) {
        // The watch did not report this answer: it is broken, or it watches a folder that was replaced.
        if (this.#watchWorks) this.#unwatch()
      } else if (now >= pending.giveUpAt) this.#giveUp(pending)
    }
  }

  /** Settles a request if its answer is there. */
  #look(pending: Pending): boolean {
    let text: string | undefined
    try {
      text = this.#files.readResponse(pending.stem)
      if (text === undefined) return false
      this.#settle(pending, text)
    } catch (error) {
      pending.garbledAt ??= performance.now()
      if (performance.now() - pending.garbledAt < GARBLED_MS) return false
      this.#pending.delete(pending.stem)
      pending.reject(unreadable(this.#options.spoolDir, pending.stem, error))
    }
    return true
  }

  /** @throws ArcError when the text is no response, or not yet */
  #settle(pending: Pending, text: string): void {
    const { status, body, error, code, instance_id } = parseRelayResponse(text)
    const envelope = (body ?? { ok: false, error, code }) as TransportAnswer['envelope']
    this.#pending.delete(pending.stem)
    pending.resolve({ status, envelope, instanceId: instance_id })
  }

  #giveUp({ stem, reject, timeoutSec }: Pending): void {
    this.#pending.delete(stem)
    const { spoolDir } = this.#options
    const status = RELAY_STATUS.gaveUp
    if (this.#files.withdraw(stem)) {
      const text =
        `no hub took the request out of ${spoolDir} within ${timeoutSec} s: it was withdrawn, not executed. ` +
        'Ask the operator whether a hub serves this folder (arc ensure on the host)'
      reject(new ArcError('not_executed', text, { status }))
      return
    }
    const text =
      `the hub took the request out of ${spoolDir} and did not answer within ${timeoutSec} s: ` +
      'outcome unknown, it may or may not have been executed; look before you send it again'
    reject(new ArcError('timeout', text, { status }))
  }

  /** Withdraws a request whose caller no longer waits, or tells the host so. */
  #dismiss(stem: string): void {
    if (!this.#files.withdraw(stem)) this.#files.abandon(stem)
  }

  #restIfIdle(): void {
    if (this.#pending.size > 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}

function notWritten(spoolDir: string, error: NodeJS.ErrnoException): ArcError {
  const text =
    `no hub can be reached through ${spoolDir}: the request could not be written (${error.message}). ` +
    'Ask the operator for the folder that the hub serves (--spool-dir) and for the right to write to it'
  return new ArcError('no_hub', text, { status: RELAY_STATUS.notWritten, cause: error })
}

function unreadable(spoolDir: string, stem: string, cause: unknown): ArcError {
  const text = `the response to ${stem} in ${spoolDir} can't be read (${(cause as Error).message}): outcome unknown`
  return new ArcError('bad_answer', text, { status: RELAY_STATUS.unreadableResponse, cause })
}
