// The connection to the hub. It signs in and follows the stream after the last seen message (`stream.ts`). When the stream
// breaks, it connects again. It reports when the connection is lost and when it is back, and when another hub answers than
// before (a reset: the page's data is then void). It ends with the page.
//
// The browser notices a stream that breaks. A stream can also go silent without breaking, if the hub hangs or the laptop
// slept. A regular call (`look`) notices that.

import type { ChangeTopic } from '../protocol/kinds.js'
import type { HubInfo, Message } from '../protocol/objects.js'
import { get } from './api.js'
import type { SignedIn } from './operator.js'
import { untilVisible } from './page-state.js'
import { followStream } from './stream.js'

export type ConnectionState = 'connecting' | 'live' | 'lost'

export interface LiveEvents {
  state(state: ConnectionState): void
  /** Called first on each connection. `isNew`: another hub answers than before, so the page's data is void. */
  hub(info: HubInfo, isNew: boolean): void
  /** @throws HubError */
  signIn(): Promise<SignedIn>
  /**
   * The page missed too many messages to catch up one by one. It must read its views again, up to `latestId`. If it rejects,
   * it is called again at the next connection.
   */
  missed(latestId: number): Promise<void>
  /** New messages, in the order of their arrival. */
  messages(messages: readonly Message[]): void
  changed(topics: readonly ChangeTopic[]): void
  /** The stream is open. The listings may have changed while it was closed. */
  opened(): void
  /** Called every `LOOK_MS`. @throws HubError when the hub does not answer */
  look(): Promise<void>
}

/** Pauses between attempts: the hub is on this machine, and a restart takes less than a second. */
const RETRY_MS = [200, 400, 800, 1_500, 3_000] as const
const LOOK_MS = 5_000
/** Messages that a reconnected page catches up with one by one. */
const MAX_CATCH_UP = 1_000
/** With this many collected messages it hands them on at once, also while the page is hidden and draws nothing. */
const MAX_PENDING = 500
/** Milliseconds between two drawings of new messages. Meanwhile the page reacts to the operator. */
const BREATH_MS = 40
/** Milliseconds between two deliveries to a hidden page, which draws no frames. */
const HIDDEN_MS = 250

export class Live {
  readonly #events: LiveEvents
  #instanceId: string | undefined
  #lastId: number | undefined
  /** A read of what was missed that has not succeeded. */
  #reading: Promise<void> | undefined
  #agentId = ''
  /** The last stream went silent without breaking. */
  #isDoubtful = false
  #pending: Message[] = []
  #scheduled = false
  #drawnAt = Number.NEGATIVE_INFINITY
  #wake: (() => void) | undefined

  constructor(events: LiveEvents) {
    this.#events = events
  }

  /** Never settles. */
  async run(): Promise<never> {
    const wake = () => this.#wake?.()
    addEventListener('online', wake)
    document.addEventListener('visibilitychange', wake)
    for (let failures = 0; ; ) {
      let why: 'lost' | 'hidden' = 'lost'
      try {
        await this.#connect()
        const end = await this.#follow()
        why = end.why
        if (end.wasOpen) failures = 0
      } catch {
        // the connection is lost, as reported below
      }
      this.#flush()
      if (why === 'hidden') {
        await untilVisible()
        continue
      }
      this.#events.state('lost')
      await this.#pause(RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)] ?? 0)
    }
  }

  async #connect(): Promise<void> {
    const info = await get<HubInfo>('/v1/hub-info')
    const isNew = this.#instanceId !== info.instance_id
    if (isNew) {
      this.#lastId = undefined
      this.#pending = []
    }
    this.#events.hub(info, isNew)
    this.#instanceId = info.instance_id
    const { session, latestId } = await this.#events.signIn()
    this.#agentId = session.agent_id
    const missed = this.#lastId === undefined ? undefined : latestId - this.#lastId
    if (!this.#reading && missed !== undefined && missed >= 0 && missed <= MAX_CATCH_UP) return
    this.#lastId = latestId
    const reading = this.#events.missed(latestId)
    this.#reading = reading
    reading.then(
      () => {
        if (this.#reading === reading) this.#reading = undefined
      },
      () => {}, // the next connection reads it
    )
  }

  /** Resolves when the stream ends or goes silent. */
  #follow(): Promise<{ wasOpen: boolean; why: 'lost' | 'hidden' }> {
    return new Promise((resolve) => {
      let wasOpen = false
      const end = (why: 'lost' | 'hidden') => {
        clearInterval(looking)
        stream.close()
        resolve({ wasOpen, why })
      }
      const request = {
        instanceId: this.#instanceId ?? '',
        agentId: this.#agentId,
        sinceId: this.#lastId ?? 0,
        isDoubtful: this.#isDoubtful,
      }
      this.#isDoubtful = false
      const stream = followStream(request, {
        opened: () => {
          wasOpen = true
          this.#events.state('live')
          this.#events.opened()
        },
        message: (message) => this.#take(message),
        changed: (topics) => this.#events.changed(topics),
        ended: end,
      })
      const looking = setInterval(() => {
        stream.check()
        this.#events.look().catch(() => {
          this.#isDoubtful = true
          end('lost')
        })
      }, LOOK_MS)
    })
  }

  #take(message: Message): void {
    this.#lastId = message.id
    this.#pending.push(message)
    if (this.#pending.length >= MAX_PENDING) this.#flush()
    if (this.#pending.length === 0 || this.#scheduled) return
    this.#scheduled = true
    const flush = () => {
      this.#scheduled = false
      this.#drawnAt = performance.now()
      this.#flush()
    }
    // The next frame draws a lone message. A burst is drawn in pieces.
    const restMs = this.#drawnAt + BREATH_MS - performance.now()
    if (document.hidden) setTimeout(flush, HIDDEN_MS)
    else if (restMs > 0) setTimeout(flush, restMs)
    else requestAnimationFrame(flush)
  }

  #flush(): void {
    if (this.#pending.length === 0) return
    const messages = this.#pending
    this.#pending = []
    this.#events.messages(messages)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(), ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
