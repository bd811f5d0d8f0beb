// Long-polls that are woken together, in a process of its own: all are parked, one message is posted, and
// the time is taken until each has read its answer; then all are parked again. The process has nothing else
// to do while it waits, so that it can time the post and the answers by one clock.

import { setTimeout as sleep } from 'node:timers/promises'
import { answerJobs } from '../load-process.js'
import { Poster } from './poster.js'
import { Waiter } from './waiter.js'

export interface WakeJob {
  readonly url: string
  /** Where the message is posted: the same hub, or another one on the same storage. */
  readonly postUrl: string
  readonly waiters: number
  /** How often all of them are woken: before the time is taken, and while it is. */
  readonly warmUps: number
  readonly wakes: number
  /** How long those who are not woken are waited for. */
  readonly deadlineMs: number
  /** Before each message, a random part of this passes: who looks now and then is not always met at the same point. */
  readonly pauseMs: number
  /** Whether the hub says in `GET /v1/status` how many polls wait. */
  readonly tellsWaiting: boolean
}

export interface WakeResult {
  /** Milliseconds from just before a message was posted until a waiter had it; of those who got it. */
  readonly latenciesMs: readonly number[]
  /** How many there are when everyone gets everything. */
  readonly expected: number
  /** When a message was posted and when the last waiter had it, as milliseconds of the epoch. */
  readonly bursts: readonly (readonly [fromMs: number, toMs: number])[]
  /** What the first failed poll failed with. */
  readonly trouble: string | undefined
}

/** Connections that are opened at once: more would overflow the listener's backlog. */
const CONNECTIONS_AT_ONCE = 500
const PARKED_WITHIN_MS = 30_000
/** For a hub that does not say how many wait: what it is given to park them. */
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
    if (!areAll) break // each further wake would take the whole deadline
  }
  const { trouble } = crowd
  await crowd.disperse()
  return { latenciesMs, expected, bursts, trouble }
})

/** So that no message is taken for another one, in whichever job. */
let wakes = 0

class Crowd {
  readonly #job: WakeJob
  readonly #hub: Poster
  readonly #poster: Poster
  readonly #waiters: readonly Waiter[]
  /** Other people's polls. */
  readonly #strangers: number
  /** What marks the message that is waited for. */
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

  /** Everyone polls, and the hub has all of them waiting, as far as can be known. */
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

  /** Posts a message; the times after which those had it who got it before the deadline. */
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
        waiter.skip(text) // its time was up, or somebody else has posted
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
