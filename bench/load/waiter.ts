// An agent that long-polls over a connection of its own. Thousands of them share one thread with the clock that measures
// them. So a poll costs as little as the client allows: no promise, no stream, no parsing of the answer.

import { Client } from 'undici'

export class Waiter {
  readonly #client: Client
  readonly #agentId: string
  #isPolling = false
  sinceId: number

  constructor(url: string, agentId: string, sinceId: number) {
    this.#client = new Client(url)
    this.#agentId = agentId
    this.sinceId = sinceId
  }

  get isPolling(): boolean {
    return this.#isPolling
  }

  /** Polls once. It calls `answered` or `failed` once, at the end of the answer. */
  poll(answered: (text: string) => void, failed: (error: Error) => void): void {
    this.#isPolling = true
    let status = 0
    let text = ''
    const path = `/v1/events?agent_id=${this.#agentId}&timeout=60&since_id=${this.sinceId}`
    this.#client.dispatch(
      { method: 'GET', path },
      {
        onRequestStart() {},
        onResponseStart: (_controller, statusCode) => {
          status = statusCode
        },
        onResponseData: (_controller, chunk) => {
          text += chunk.toString('latin1')
        },
        onResponseEnd: () => {
          this.#isPolling = false
          if (status === 200) answered(text)
          else failed(new Error(`GET ${path}: ${status} ${text.slice(0, 200)}`))
        },
        onResponseError: (_controller, error) => {
          this.#isPolling = false
          failed(error)
        },
      },
    )
  }

  /** Moves `sinceId` past the messages of an answer. */
  skip(answer: string): void {
    const { result } = JSON.parse(answer) as { result: readonly { id: number }[] }
    this.sinceId = result.at(-1)?.id ?? this.sinceId
  }

  close(): Promise<void> {
    return this.#client.destroy()
  }
}
