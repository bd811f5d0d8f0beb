// Long-polls that one message wakes together, in a process of its own: it parks all of them, posts a message, measures
// when each has read its answer, and parks them again. The process does nothing else meanwhile, so one clock times the
// post and the answers.

import { setTimeout as sleep } from 'node:timers/promises'
import { answerJobs } from '../load-process.js'
import { Poster } from './poster.js'
import { Waiter } from './waiter.js'

export interface WakeJob {
  readonly url: string
  /** The hub that gets the post: the same one, or another one on the same storage. */
  readonly postUrl: string
  readonly waiters: number
  /** Wakes before the measurement, and during it. */
  readonly warmUps: number
  readonly wakes: number
  /** Milliseconds after a post in which a wake counts. */
  readonly deadlineMs: number
  /** A random part of this passes before each post, so that a hub that looks at intervals is met at every point of one. */
  readonly pauseMs: number
  /** Whether the hub's `GET /v1/status` has `waiting_polls`. */
  readonly tellsWaiting: boolean
}

export interface WakeResult {
  /** Milliseconds from just before a post until a waiter had the message, one for each delivery. */
  readonly latenciesMs: readonly number[]
  /** The number of deliveries when every waiter gets every message. */
  readonly expected: number
  /** From each post until the last waiter had the message, in epoch milliseconds. */
  readonly bursts: readonly (readonly [fromMs: number, toMs: number])[]
  /** The error of the first failed poll. */
  readonly trouble: string | undefined
}

/** More connections at once would overflow the listener's backlog. */
const CONNECTIONS_AT_ONCE = 500
const PARKED_WITHIN_MS = 30_000
/** A hub without `waiting_polls` gets this time to park the polls, and `PARKING_MS_EACH` more for each. */
const PARKING_MS = 200
const PARKING_MS_EACH = 2

answerJobs(async (job: WakeJob): Promise<WakeResult> => {
  const crowd = await Crowd.gather(job)
  const latenciesMs: number[] = []
  const bursts: [number, number][] = []
  let expected = 0
  for (let i = -job.warmUps; i < job.wakes; i++) {
    await crowd.park()
    await sleep(Math.random() * job.pauseMs)
    const from = performance.now()
    const woken = await crowd.wake()
    const areAll = woken.length === job.waiters
    if (i >= 0 || !areAll) {
      for (const time of woken) latenciesMs.push(time)
      bursts.push([performance.timeOrigin + from, performance.timeOrigin + performance.now()])
      expected += job.waiters
    }
    if (!areAll) break // every further wake would last until the deadline
  }
  const { trouble } = crowd
  await crowd.disperse()
  return { latenciesMs, expected, bursts, trouble }
})

/** Numbers the messages of all jobs, so that none is taken for another. */
let wakes = 0

class Crowd {
  readonly #job: WakeJob
  readonly #hub: Poster
  readonly #poster: Poster
  readonly #waiters: readonly Waiter[]
  /** How many polls of other clients wait at the hub. */
  readonly #strangers: number
  /** Marks the message that wakes the waiters. */
  #token = ''
  #onWoken: () => void = () => {}
  trouble: string | undefined

  private constructor(job: WakeJob, hub: Poster, poster: Poster, sinceId: number, strangers: number) {
    this.#job = job
    this.#hub = hub
    this.#poster = poster
    this.#strangers = strangers
    this.#waiters = Array.from({ length: job.waiters }, (_, i) => new Waiter(job.url, `waiter-${i}`, sinceId))
  }

  static async gather(job: WakeJob): Promise<Crowd> {
    const hub = new Poster(job.url)
    const poster = new Poster(job.postUrl)
    const sinceId = await poster.latestId()
    const crowd = new Crowd(job, hub, poster, sinceId, job.tellsWaiting ? await waitingAt(hub) : 0)
    for (const [i, waiter] of crowd.#waiters.entries()) {
      crowd.#poll(waiter)
      if (i % CONNECTIONS_AT_ONCE === CONNECTIONS_AT_ONCE - 1) await crowd.#parked(i + 1)
    }
    return crowd
  }

  /** Every waiter polls, and the hub holds all polls, as far as it says. */
  async park(): Promise<void> {
    for (const waiter of this.#waiters) if (!waiter.isPolling) this.#poll(waiter)
    await this.#parked(this.#waiters.length)
  }

  async #parked(count: number): Promise<void> {
    if (!this.#job.tellsWaiting) return void (await sleep(PARKING_MS + PARKING_MS_EACH * count))
    const giveUpAt = performance.now() + PARKED_WITHIN_MS
    while ((await waitingAt(this.#hub)) - this.#strangers < count && performance.now() < giveUpAt) {
      await sleep(2)
    }
  }

  /** Posts a message. Resolves with the milliseconds of each waiter that had it before the deadline. */
  async wake(): Promise<number[]> {
    const times: number[] = []
    this.#token = `wake ${process.pid}-${++wakes} `
    const allWoken = new Promise<void>((resolve) => {
      this.#onWoken = () => {
        times.push(performance.now() - postedAt)
        if (times.length === this.#waiters.length) resolve()
      }
    })
    const text = this.#token + 'x'.repeat(180)
    const deadline = new AbortController()
    const postedAt = performance.now()
    const id = await this.#poster.post(text)
    await Promise.race([
      allWoken,
      sleep(this.#job.deadlineMs, undefined, { signal: deadline.signal }).catch(() => {}),
    ])
    deadline.abort()
    this.#token = ''
    for (const waiter of this.#waiters) if (!waiter.isPolling) waiter.sinceId = id
    return [...times]
  }

  #poll(waiter: Waiter): void {
    waiter.poll(
      (text) => {
        if (this.#token !== '' && text.includes(this.#token)) return this.#onWoken()
        waiter.skip(text) // the poll timed out, or another client has posted
        this.#poll(waiter)
      },
      (error) => {
        this.trouble ??= error.message
      },
    )
  }

  async disperse(): Promise<void> {
    this.#onWoken = () => {}
    await Promise.all([...this.#waiters.map((waiter) => waiter.close()), this.#hub.close()])
    await this.#poster.close()
  }
}

async function waitingAt(hub: Poster): Promise<number> {
  return (await hub.get<{ waiting_polls: number }>('/v1/status')).waiting_polls
}
