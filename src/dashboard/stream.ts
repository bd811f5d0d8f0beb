// One tab's way to the hub's stream: over a shared worker with the other tabs of its browser (stream.worker.ts), or over a
// stream of its own if the browser has no shared workers. It calls back with each message after an id, in order, once, until
// it ends. It does not reconnect.
//
// A tab with its own stream closes it while hidden, so that hidden tabs leave connections to the visible one.

import type { ChangeTopic } from '../protocol/kinds.js'
import type { Message } from '../protocol/objects.js'
import { Listing } from './api.js'
import { messageOf } from './model/message.js'
import type { ToTab, ToWorker } from './stream.worker.js'

export interface StreamRequest {
  readonly instanceId: string
  readonly agentId: string
  readonly sinceId: number
  /** The last stream ended because the hub was silent. */
  readonly isDoubtful: boolean
}

export interface StreamEvents {
  opened(): void
  message(message: Message): void
  changed(topics: readonly ChangeTopic[]): void
  /** Called once, as the last callback. `hidden`: the tab has closed its stream until it is visible. */
  ended(why: 'lost' | 'hidden'): void
}

/** An open way to the stream. */
export interface Following {
  /** Call it regularly: it ends the stream if the shared worker has died. */
  check(): void
  close(): void
}

/** Milliseconds for the worker's first answer. After them the tab opens its own stream. */
const JOIN_MS = 10_000
/** The most messages that a tab reads by itself to catch up with the shared stream. */
const MAX_GAP = 1_000
/** The tab tells the worker after this many characters that it has taken them. */
const TELL_TAKEN_CHARS = 500_000

export function followStream(request: StreamRequest, events: StreamEvents): Following {
  let current: Following
  try {
    current = new WorkerStream(request, events, () => {
      current = new OwnStream(request, events)
    })
  } catch {
    current = new OwnStream(request, events) // the browser has no shared workers, or allows none here
  }
  return { check: () => current.check(), close: () => current.close() }
}

class OwnStream implements Following {
  readonly #source: EventSource
  readonly #onVisibility: () => void

  constructor({ agentId, sinceId }: StreamRequest, events: StreamEvents) {
    const query = { agent_id: agentId, changes: 'true', since_id: String(sinceId) }
    this.#source = new EventSource(`/v1/stream?${new URLSearchParams(query)}`)
    this.#source.onopen = () => events.opened()
    this.#source.onmessage = ({ data }) => events.message(messageOf(JSON.parse(data)))
    this.#source.addEventListener('changed', ({ data }) => events.changed(JSON.parse(data)))
    // The browser would reconnect, but not notice that another hub answers.
    this.#source.onerror = () => events.ended('lost')
    this.#onVisibility = () => {
      if (document.hidden) events.ended('hidden')
    }
    document.addEventListener('visibilitychange', this.#onVisibility)
    queueMicrotask(this.#onVisibility)
  }

  check(): void {}

  close(): void {
    document.removeEventListener('visibilitychange', this.#onVisibility)
    this.#source.close()
  }
}

class WorkerStream implements Following {
  readonly #port: MessagePort
  readonly #request: StreamRequest
  readonly #events: StreamEvents
  readonly #joining: ReturnType<typeof setTimeout>
  readonly #onPageHide = () => this.#events.ended('lost')
  #lastId: number
  /** Messages that arrive while the tab reads those that it missed. */
  #kept: Message[] | undefined = []
  #takenChars = 0
  #toldChars = 0
  #isAnswered = true
  #isClosed = false

  /** Calls `fail`, and no event, if the worker does not start. @throws if the browser has no shared workers */
  constructor(request: StreamRequest, events: StreamEvents, fail: () => void) {
    this.#request = request
    this.#events = events
    this.#lastId = request.sinceId
    const worker = new SharedWorker(new URL('./stream.worker.ts', import.meta.url), { type: 'module' })
    const giveUp = () => {
      if (this.#isClosed) return
      this.close()
      fail()
    }
    worker.onerror = giveUp
    this.#joining = setTimeout(giveUp, JOIN_MS)
    this.#port = worker.port
    this.#port.onmessage = ({ data }: MessageEvent<ToTab>) => this.#take(data)
    this.#tell({ type: 'join', ...request })
    // The browser freezes a page that it keeps for the back button. Such a page would collect messages that it can't take.
    addEventListener('pagehide', this.#onPageHide)
  }

  check(): void {
    if (this.#isAnswered) this.#tell({ type: 'ping' })
    else this.#events.ended('lost')
    this.#isAnswered = false
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#joining)
    removeEventListener('pagehide', this.#onPageHide)
    this.#tell({ type: 'leave' })
    this.#port.onmessage = null
    this.#port.close()
  }

  #tell(note: ToWorker): void {
    this.#port.postMessage(note)
  }

  #take(note: ToTab): void {
    this.#isAnswered = true
    switch (note.type) {
      case 'joined':
        clearTimeout(this.#joining)
        break
      case 'opened':
        void this.#open(note.at)
        break
      case 'message':
        this.#countTaken(note.data.length)
        this.#message(messageOf(JSON.parse(note.data)))
        break
      case 'changed':
        this.#events.changed(JSON.parse(note.data))
        break
      case 'ended':
        this.#events.ended('lost')
    }
  }

  /** The shared stream may be older than this tab. The tab then reads the messages up to `at` by itself. */
  async #open(at: number): Promise<void> {
    try {
      const feed = new Listing('/v1/events', { agent_id: this.#request.agentId })
      const missed = at > this.#lastId ? await feed.after(this.#lastId, MAX_GAP) : []
      if (this.#isClosed) return
      if (missed.length === MAX_GAP && (missed.at(-1)?.id ?? 0) < at) throw new Error('too far behind')
      const kept = this.#kept ?? []
      this.#kept = undefined
      this.#events.opened()
      for (const message of [...missed, ...kept]) this.#message(message)
    } catch {
      if (!this.#isClosed) this.#events.ended('lost')
    }
  }

  #message(message: Message): void {
    if (this.#kept) this.#kept.push(message)
    else if (message.id > this.#lastId) {
      this.#lastId = message.id
      this.#events.message(message)
    }
  }

  #countTaken(chars: number): void {
    this.#takenChars += chars
    if (this.#takenChars - this.#toldChars < TELL_TAKEN_CHARS) return
    this.#toldChars = this.#takenChars
    this.#tell({ type: 'taken', chars: this.#takenChars })
  }
}
