// Notices commits of other hubs. A bell gives the speed: each hub rings it after its commits, in a transaction of its own,
// since PostgreSQL lets only one transaction with a NOTIFY commit at a time. A look at the counter every second gives the
// guarantee. Without a bell it looks more often, and behind a pooler that may give each transaction another connection: there it
// may hear some bells by chance.

import { setTimeout as pause } from 'node:timers/promises'
import type { Log } from '../../actors/runtime/actor.js'
import type { Connection, Reconnecting } from './connection.js'
import { reasonOf } from './errors.js'

const CHANNEL = 'arc_room'
const LOOK_MS = 1_000
const LOOK_WITHOUT_BELL_MS = 50
/** Milliseconds between two bells of this hub. */
const RING_MS = 5
const HEARTBEAT_MS = 10_000
/** Milliseconds for which a bell that this hub rings for itself may take. */
const ECHO_MS = 2_000
/** Milliseconds until the next try to listen: at first, and at most. */
const BACK_OFF_MS = { first: 50, most: 30_000 } as const

export interface ForeignCommitsOptions {
  /** Makes the connection that listens. */
  readonly listener: Reconnecting
  /** Reads how many transactions have written to the room. @throws while the database can't be reached */
  readonly countCommits: () => Promise<number>
  readonly hubId: string
  readonly log: Log
  readonly onCommit: () => void
}

export class ForeignCommits {
  readonly #options: ForeignCommitsOptions
  #seen: number
  /** A read has failed, perhaps of a commit that was noticed. */
  #isOwed = false
  #isClosed = false
  #hears = false
  #look: NodeJS.Timeout | undefined
  #ring: NodeJS.Timeout | undefined
  #rings = false
  readonly #closing = new AbortController()

  /** Calls back after foreign commits, until `close`. */
  constructor(seen: number, options: ForeignCommitsOptions) {
    this.#seen = seen
    this.#options = options
    this.#lookLater()
    void this.#listen()
  }

  /** Whether the bell reaches this hub. */
  get hears(): boolean {
    return this.#hears
  }

  /** Call it after each commit of this hub, with its number. Rings the bell. */
  committed(commits: number): void {
    if (commits > this.#seen + 1) this.#options.onCommit()
    this.#seen = Math.max(this.#seen, commits)
    this.#rings = true
    this.#ring ??= setTimeout(() => this.#ringNow(), 0)
  }

  /** Call it after a read has failed. It calls back when the database can be read again. */
  owe(): void {
    this.#isOwed = true
  }

  close(): void {
    this.#isClosed = true
    this.#closing.abort()
    clearTimeout(this.#look)
    clearTimeout(this.#ring)
  }

  /** Other commits' bells follow after a pause. */
  #ringNow(): void {
    this.#ring = undefined
    if (!this.#rings || this.#isClosed) return
    this.#rings = false
    const { listener, hubId } = this.#options
    const ringing = listener.get().then((connection) => connection.script(`NOTIFY ${CHANNEL}, '${hubId}'`))
    ringing.catch(() => {}) // the others look
    this.#ring = setTimeout(() => this.#ringNow(), RING_MS)
  }

  #lookLater(): void {
    if (this.#isClosed) return
    this.#look = setTimeout(() => void this.#lookNow(), this.#hears ? LOOK_MS : LOOK_WITHOUT_BELL_MS)
  }

  async #lookNow(): Promise<void> {
    try {
      const commits = await this.#options.countCommits()
      const isNew = commits !== this.#seen || this.#isOwed
      this.#seen = commits
      this.#isOwed = false
      if (isNew) this.#options.onCommit()
    } catch {
      this.#isOwed = true
    }
    this.#lookLater()
  }

  async #listen(): Promise<void> {
    const { listener, log } = this.#options
    let backOffMs: number = BACK_OFF_MS.first
    let isTold = false
    while (!this.#isClosed) {
      try {
        const connection = await listener.get()
        this.#hears = (await connection.hasOwnProcess()) && (await this.#hasEcho(connection))
        if (!this.#hears && !isTold) {
          isTold = true
          log(
            'warn',
            `no NOTIFY of the database is sure to arrive, as through a pooler: the hub looks every ${LOOK_WITHOUT_BELL_MS} ms instead; name the database itself in --storage`,
          )
        }
        if (this.#hears) {
          backOffMs = BACK_OFF_MS.first
          this.#options.onCommit() // what was committed before the bell could be heard
        }
        while (this.#hears && !this.#isClosed && (await this.#isListening(connection)))
          await Promise.race([connection.lost, this.#wait(HEARTBEAT_MS)])
      } catch (error) {
        if (!this.#isClosed) log('debug', `the database is not heard: ${reasonOf(error)}`)
      }
      this.#hears = false
      if (this.#isClosed) return
      listener.drop()
      await this.#wait(backOffMs * (0.5 + Math.random() / 2))
      backOffMs = Math.min(backOffMs * 2, BACK_OFF_MS.most)
    }
  }

  /** Listens, and rings for itself. */
  async #hasEcho(connection: Connection): Promise<boolean> {
    const { hubId } = this.#options
    const echo = `echo ${hubId}`
    const heard = new Promise<true>((resolve) => {
      connection.client.on('notification', ({ payload }) => {
        if (payload === echo) resolve(true)
        else if (payload !== hubId && !payload?.startsWith('echo ')) this.#options.onCommit()
      })
    })
    await connection.script(`LISTEN ${CHANNEL}`)
    await connection.script(`NOTIFY ${CHANNEL}, '${echo}'`)
    return Promise.race([heard, this.#wait(ECHO_MS).then(() => false)])
  }

  async #isListening(connection: Connection): Promise<boolean> {
    if (connection.isLost) return false
    const answer = connection.script('SELECT pg_listening_channels() AS channel')
    const late = this.#wait(HEARTBEAT_MS / 2).then(() => undefined)
    const results = await Promise.race([answer, late])
    return results?.[0]?.rows.some(({ channel }) => channel === CHANNEL) ?? false
  }

  /** Ends early when the watch is over. */
  async #wait(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#closing.signal }).catch(() => {})
  }
}
