// A reader of server-sent events over a socket of its own, by node:http. It keeps the events in order, and counts comments. It
// does not reconnect.

import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { until } from './waiting.js'

export interface ReceivedEvent {
  readonly id: string | undefined
  readonly event: string | undefined
  readonly data: string
}

export class EventReader {
  readonly events: ReceivedEvent[] = []
  /** Comment lines so far. */
  comments = 0
  /** True after the hub has ended the stream, or the connection broke. */
  ended = false
  readonly answered: Promise<IncomingMessage>
  readonly #request: ClientRequest
  #unfinished = ''

  constructor(url: string, headers: Record<string, string> = {}) {
    this.#request = request(url, { agent: false, headers })
    this.answered = new Promise((resolve, reject) => {
      this.#request.once('response', resolve).once('error', reject)
    })
    this.answered.then(
      (response) => {
        response.setEncoding('utf8').on('data', (text: string) => this.#take(text))
        response.on('error', () => {}).once('close', () => this.#end())
      },
      () => this.#end(),
    )
    this.#request.on('error', () => {}).end()
  }

  /** The messages so far. */
  get messages(): { id: number; body: string }[] {
    return this.events.map(({ data }) => JSON.parse(data))
  }

  /** Resolves when `count` events have arrived. */
  async has(count: number, deadlineMs?: number): Promise<void> {
    await until(
      () => `${count} events, ${this.events.length} came`,
      () => this.events.length >= count,
      deadlineMs,
    )
  }

  close(): void {
    this.#request.destroy()
  }

  #end(): void {
    this.ended = true
  }

  #take(text: string): void {
    const blocks = (this.#unfinished + text).split('\n\n')
    this.#unfinished = blocks.pop() ?? ''
    for (const block of blocks) {
      const fields = new Map<string, string>()
      for (const line of block.split('\n')) {
        const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
        fields.set(name, fields.has(name) ? `${fields.get(name)}\n${value}` : value)
      }
      if (fields.has('')) this.comments++
      const data = fields.get('data')
      if (data !== undefined) this.events.push({ id: fields.get('id'), event: fields.get('event'), data })
    }
  }
}
