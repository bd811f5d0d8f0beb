// The answers on standard output, and what waits for them. What an answer hands over counts as shown only when the answer has
// left the process. If the request was cancelled, or the connection ends before, the answer is dropped.

import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/server'
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio'

/** What becomes of an answer: one of the two is called, once. */
export interface Fate {
  written(): void
  dropped(): void
}

export class Answers extends StdioServerTransport {
  readonly #fates = new Map<RequestId, Fate>()
  readonly #ended: () => void
  /** Called when the client was told the tools, so it is no probe. */
  onListed: () => void = () => {}

  /** `ended` is called when the client has closed its side. */
  constructor(ended: () => void) {
    super()
    this.#ended = ended
  }

  /** Waits for the answer to a request that is about to be answered. */
  await(id: RequestId, signal: AbortSignal, fate: Fate): void {
    this.#fates.set(id, fate)
    const drop = () => this.#take(id)?.dropped()
    if (signal.aborted) drop()
    else signal.addEventListener('abort', drop, { once: true })
  }

  override async send(message: JSONRPCMessage): Promise<void> {
    await super.send(message)
    if ('method' in message || message.id === undefined) return
    if ('result' in message && 'tools' in message.result) this.onListed()
    const fate = this.#take(message.id)
    if (fate) process.stdout.write('', (error) => (error ? fate.dropped() : fate.written()))
  }

  override async close(): Promise<void> {
    await super.close()
    for (const id of [...this.#fates.keys()]) this.#take(id)?.dropped()
    this.#ended()
  }

  #take(id: RequestId): Fate | undefined {
    const fate = this.#fates.get(id)
    this.#fates.delete(id)
    return fate
  }
}
