// The hub's stream, once for all tabs of a browser that show it: a shared worker. A browser opens six connections
// to an origin, so tabs with a stream each would leave none for anything else. For each agent (and each instance of the
// hub) it holds one stream as long as a tab follows it, and hands on what comes, as text.
//
// It promises each tab everything after the id that `opened` names, in order. What a tab has not seen up to
// there, the tab reads itself. A stream that breaks ends for all its tabs; they find out which hub answers now. A tab that
// takes nothing (the browser has frozen it, or it has crashed) is dropped when too much waits for it.

import type { Message } from '../protocol/objects.js'

export type ToWorker =
  | {
      readonly type: 'join'
      readonly instanceId: string
      readonly agentId: string
      readonly sinceId: number
      /** The tab left the stream because the hub was silent: the connection below it may be dead. */
      readonly isDoubtful: boolean
    }
  /** Characters of messages, since it joined. */
  | { readonly type: 'taken'; readonly chars: number }
  | { readonly type: 'ping' }
  | { readonly type: 'leave' }

export type ToTab =
  /** It has been heard, and the stream will tell. */
  | { readonly type: 'joined' }
  | { readonly type: 'opened'; readonly at: number }
  | { readonly type: 'message' | 'changed'; readonly data: string }
  | { readonly type: 'pong' }
  | { readonly type: 'ended' }

/** Characters that wait for one tab at most. */
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
  /** The last message that was handed on. */
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
    // The browser would connect again by itself, but not notice that the hub has become another.
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
