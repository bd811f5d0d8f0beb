// Readers of one feed as server-sent events, in a process of its own: all of them connect, then it posts messages at a
// fixed pace and measures when each reader has each message. The pace is the same for every server, so that the figure
// is the delivery and not a queue of the load's own.

import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'undici'
import { answerJobs } from '../load-process.js'
import { Poster } from './poster.js'

export interface StreamJob {
  readonly url: string
  readonly readers: number
  /** Messages before the measurement, and during it. */
  readonly warmUps: number
  readonly messages: number
  readonly intervalMs: number
  /** Milliseconds after the last post in which deliveries count. */
  readonly deadlineMs: number
}

export interface StreamResult {
  /** Milliseconds from just before a post until a reader had the message, one for each delivery. */
  readonly latenciesMs: readonly number[]
  /** The number of deliveries when every reader gets every message. */
  readonly expected: number
  /** The error of the first broken stream. */
  readonly trouble: string | undefined
}

/** More connections at once would overflow the listener's backlog. */
const CONNECTIONS_AT_ONCE = 500
const CONNECTED_WITHIN_MS = 30_000

let jobs = 0

answerJobs(async (job: StreamJob): Promise<StreamResult> => {
  const poster = new Poster(job.url)
  const sinceId = await poster.latestId()
  const token = `stream ${process.pid}-${++jobs} number `
  const audience = new Audience(job, sinceId, token)
  await audience.connect()
  const startedAt = performance.now()
  for (let i = 0; i < job.warmUps + job.messages; i++) {
    await sleep(Math.max(0, startedAt + i * job.intervalMs - performance.now()))
    audience.postedAt[i] = performance.now()
    await poster.post(`${token}${i} ${'x'.repeat(180)}`)
  }
  const giveUpAt = performance.now() + job.deadlineMs
  const expected = job.readers * job.messages
  while (audience.latenciesMs.length < expected && performance.now() < giveUpAt) await sleep(5)
  const { latenciesMs, trouble } = audience
  await Promise.all([audience.disperse(), poster.close()])
  return { latenciesMs, expected, trouble }
})

/** All readers, and the latencies of their deliveries so far. */
class Audience {
  readonly #job: StreamJob
  readonly #readers: readonly Reader[]
  #connected = 0
  readonly postedAt: number[] = []
  readonly latenciesMs: number[] = []
  trouble: string | undefined

  constructor(job: StreamJob, sinceId: number, token: string) {
    this.#job = job
    this.#readers = Array.from({ length: job.readers }, (_, i) => {
      const path = `/v1/stream?agent_id=reader-${i}&since_id=${sinceId}`
      return new Reader(job.url, path, token, {
        connected: () => this.#connected++,
        got: (number, at) => this.#got(number, at),
        broken: (error) => {
          this.trouble ??= error.message
        },
      })
    })
  }

  async connect(): Promise<void> {
    const giveUpAt = performance.now() + CONNECTED_WITHIN_MS
    for (const [i, reader] of this.#readers.entries()) {
      reader.open()
      const isLast = i === this.#readers.length - 1
      if (!isLast && i % CONNECTIONS_AT_ONCE !== CONNECTIONS_AT_ONCE - 1) continue
      while (this.#connected <= i && this.trouble === undefined && performance.now() < giveUpAt)
        await sleep(2)
    }
  }

  #got(number: number, at: number): void {
    const postedAt = this.postedAt[number]
    if (number >= this.#job.warmUps && postedAt !== undefined) this.latenciesMs.push(at - postedAt)
  }

  async disperse(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.close()))
  }
}

interface Listener {
  connected(): void
  /** Called once for each message, with its number. */
  got(number: number, atMs: number): void
  broken(error: Error): void
}

/** One stream, over a connection of its own. */
class Reader {
  readonly #client: Client
  readonly #path: string
  readonly #token: string
  readonly #listener: Listener
  /** The beginning of an event whose end has not arrived. */
  #rest = ''
  /** Messages come in order: lower numbers have arrived. */
  #nextNumber = 0

  constructor(url: string, path: string, token: string, listener: Listener) {
    // A hub may be silent between two messages for any time.
    this.#client = new Client(url, { bodyTimeout: 0 })
    this.#path = path
    this.#token = token
    this.#listener = listener
  }

  open(): void {
    let status = 0
    this.#client.dispatch(
      { method: 'GET', path: this.#path },
      {
        onRequestStart() {},
        onResponseStart: (_controller, statusCode) => {
          status = statusCode
          this.#listener.connected()
        },
        onResponseData: (_controller, chunk) => this.#read(chunk),
        onResponseEnd: () => this.#listener.broken(new Error(`GET ${this.#path}: ended, status ${status}`)),
        onResponseError: (_controller, error) => this.#listener.broken(error),
      },
    )
  }

  #read(chunk: Buffer): void {
    const at = performance.now()
    const events = (this.#rest + chunk.toString('latin1')).split(/\r?\n\r?\n/)
    this.#rest = events.pop() ?? ''
    for (const event of events) {
      const place = event.indexOf(this.#token)
      if (place < 0) continue // a heartbeat, or a message of other clients
      const number = Number.parseInt(event.slice(place + this.#token.length), 10)
      if (number < this.#nextNumber) continue
      this.#nextNumber = number + 1
      this.#listener.got(number, at)
    }
  }

  close(): Promise<void> {
    return this.#client.destroy()
  }
}
