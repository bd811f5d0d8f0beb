// The connection to the hub: signs in, follows the stream from the last message that was seen (`stream.ts`), and does so
// again, by itself, whenever it breaks. Says when it is lost and when it is back, and when the hub on
// the other side is another one than before (a reset: what is known is then void). Ends with the page.
//
// A stream that breaks is noticed by the browser; one that goes silent without breaking (a hub that hangs, a laptop that
// slept) is noticed by a call that is made now and then anyway.

import type { ChangeTopic } from '../protocol/kinds.js'
import type { HubInfo, Message } from '../protocol/objects.js'
import { get } from './api.js'
import type { SignedIn } from './operator.js'
import { isShown } from './page-state.js'
import { followStream } from './stream.js'

export type ConnectionState = 'connecting' | 'live' | 'lost'

export interface LiveEvents {
  state(state: ConnectionState): void
  /** Before anything else of this connection; `isNew` when nothing of what was known holds any more. */
  hub(info: HubInfo, isNew: boolean): void
  /** @throws HubError */
  signIn(): Promise<SignedIn>
  /** Too much was missed to be told one by one: what is shown has to be read again, up to the newest. */
  missed(latestId: number): void
  /** Messages in the order in which they came. */
  messages(messages: readonly Message[]): void
  changed(topics: readonly ChangeTopic[]): void
  /** The stream is open: whatever else is shown may have changed while it was not. */
  opened(): void
  /** Now and then. @throws HubError when the hub does not answer */
  look(): Promise<void>
}

/** Pauses between attempts: the hub is on this machine, and a restart takes less than a second. */
const RETRY_MS = [200, 400, 800, 1_500, 3_000] as const
const LOOK_MS = 5_000
/** Messages that a reconnected page catches up with one by one. */
const MAX_CATCH_UP = 1_000
/** Messages that are handed on at once at the latest, also while the page is hidden and nothing is drawn. */
const MAX_PENDING = 500
/** Between two drawings of what has come: in between the page answers to the person at it. */
const BREATH_MS = 40
/** A hidden page draws no frames. */
const HIDDEN_MS = 250

export class Live {
  readonly #events: LiveEvents
  #instanceId: string | undefined
  #lastId: number | undefined
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
        // it is lost, which is said below
      }
      this.#flush()
      if (why === 'hidden') {
        await isShown()
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
    if (missed !== undefined && missed >= 0 && missed <= MAX_CATCH_UP) return
    this.#lastId = latestId
    this.#events.missed(latestId)
  }

  /** Until the stream ends or goes silent. */
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
    // What comes alone is drawn with the next frame, a burst piece by piece.
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
