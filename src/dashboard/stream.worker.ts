// A shared worker that holds one stream for all tabs of a browser. A browser opens six connections to an origin, so tabs with
// a stream each would leave none for other requests. The worker holds one stream for each agent and each instance of the hub
// while a tab follows it, and passes the events on as text.
//
// It sends each tab all messages after the id that `opened` names, in order. The tab reads earlier ones by itself. If a stream
// breaks, it ends for all its tabs, which then ask which hub answers. The worker drops a tab that takes no messages (the
// browser has frozen it, or it has crashed) when too many characters wait for it.

import type { Message } from '../protocol/objects.js'

export type ToWorker =
  | {
      readonly type: 'join'
      readonly instanceId: string
      readonly agentId: string
      readonly sinceId: number
      /** The tab left the last stream because the hub was silent. The stream's connection may be dead. */
      readonly isDoubtful: boolean
    }
  /** Characters of messages that the tab has taken since it joined. */
  | { readonly type: 'taken'; readonly chars: number }
  | { readonly type: 'ping' }
  | { readonly type: 'leave' }

export type ToTab =
  /** The worker has received `join`. The stream's events follow. */
  | { readonly type: 'joined' }
  | { readonly type: 'opened'; readonly at: number }
  | { readonly type: 'message' | 'changed'; readonly data: string }
  | { readonly type: 'pong' }
  | { readonly type: 'ended' }

/** The most characters that one tab may not have taken. */
const MAX_UNTAKEN_CHARS = 8_000_000

interface Member {
  readonly port: MessagePort
  sentChars: number
  takenChars: number
  knowsOpen: boolean
}

class SharedStream {
  readonly #agentId: string
  readonly #onEnd: () => void
  readonly #members = new Set<Member>()
  #source: EventSource | undefined
  #isOpen = false
  /** The id of the last message that the tabs got. */
  #at: number

  constructor(agentId: string, sinceId: number, onEnd: () => void) {
    this.#agentId = agentId
    this.#at = sinceId
    this.#onEnd = onEnd
  }

  join(member: Member, isDoubtful: boolean): void {
    this.#members.add(member)
    if (!this.#source || isDoubtful) this.#open()
    else if (this.#isOpen) this.#tellOpen(member)
  }

  leave(member: Member): void {
    if (this.#members.delete(member) && this.#members.size === 0) this.#end()
  }

  #open(): void {
    this.#source?.close()
    this.#isOpen = false
    const query = { agent_id: this.#agentId, changes: 'true', since_id: String(this.#at) }
    const source = new EventSource(`/v1/stream?${new URLSearchParams(query)}`)
    source.onopen = () => {
      this.#isOpen = true
      for (const member of this.#members) this.#tellOpen(member)
    }
    source.onmessage = ({ data }: MessageEvent<string>) => {
      this.#at = (JSON.parse(data) as Message).id
      this.#tell({ type: 'message', data })
    }
    source.addEventListener('changed', ({ data }) => this.#tell({ type: 'changed', data }))
    // The browser would reconnect, but not notice that another hub answers.
    source.onerror = () => this.#end()
    this.#source = source
  }

  #tellOpen(member: Member): void {
    if (!member.knowsOpen) member.port.postMessage({ type: 'opened', at: this.#at } satisfies ToTab)
    member.knowsOpen = true
  }

  #tell(note: Extract<ToTab, { data: string }>): void {
    for (const member of this.#members) {
      member.port.postMessage(note)
      if (note.type === 'message') member.sentChars += note.data.length
      if (member.sentChars - member.takenChars <= MAX_UNTAKEN_CHARS) continue
      member.port.postMessage({ type: 'ended' } satisfies ToTab)
      this.leave(member)
    }
  }

  #end(): void {
    this.#source?.close()
    for (const { port } of this.#members) port.postMessage({ type: 'ended' } satisfies ToTab)
    this.#members.clear()
    this.#onEnd()
  }
}

const streams = new Map<string, SharedStream>()

function streamOf({ instanceId, agentId, sinceId }: Extract<ToWorker, { type: 'join' }>): SharedStream {
  const name = JSON.stringify([instanceId, agentId])
  let stream = streams.get(name)
  if (!stream) {
    stream = new SharedStream(agentId, sinceId, () => streams.delete(name))
    streams.set(name, stream)
  }
  return stream
}

addEventListener('connect', (event) => {
  const [port] = (event as MessageEvent).ports
  if (!port) return
  const member: Member = { port, sentChars: 0, takenChars: 0, knowsOpen: false }
  let stream: SharedStream | undefined
  port.onmessage = ({ data: note }: MessageEvent<ToWorker>) => {
    switch (note.type) {
      case 'join':
        port.postMessage({ type: 'joined' } satisfies ToTab)
        stream = streamOf(note)
        stream.join(member, note.isDoubtful)
        break
      case 'taken':
        member.takenChars = note.chars
        break
      case 'ping':
        port.postMessage({ type: 'pong' } satisfies ToTab)
        break
      case 'leave':
        stream?.leave(member)
    }
  }
})
