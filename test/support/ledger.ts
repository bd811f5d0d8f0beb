// The posts of a campaign and the hub's answers. At the end they are compared with what the hub has stored.
//
//   acknowledged (201)          must be stored exactly once, under the id of the answer
//   refused (503 `unavailable`) must not be stored: the hub said that nothing happened
//   unknown (a lost answer)     may be stored once

import type { Test } from 'tap'
import type { Message } from '../../src/protocol/objects.js'

export class Ledger {
  readonly #acknowledged = new Map<string, number>()
  readonly #refused = new Set<string>()
  readonly #unknown = new Set<string>()
  #next = 1

  /** A body that no other message has. */
  newBody(): string {
    return `message ${this.#next++}`
  }

  acknowledge({ body, id }: Pick<Message, 'body' | 'id'>): void {
    this.#acknowledged.set(body, id)
  }

  refuse(body: string): void {
    this.#refused.add(body)
  }

  doubt(body: string): void {
    this.#unknown.add(body)
  }

  get acknowledged(): number {
    return this.#acknowledged.size
  }

  /** The numbers of acknowledged, refused and unknown posts, in words. */
  get summary(): string {
    return `${this.#acknowledged.size} acknowledged, ${this.#refused.size} refused, ${this.#unknown.size} of unknown outcome`
  }

  /** Asserts that the stored messages agree with the hub's answers. */
  verify(t: Test, stored: readonly Message[]): void {
    const times = new Map<string, number>()
    const ids = new Map<string, number>()
    for (const { body, id } of stored) {
      times.set(body, (times.get(body) ?? 0) + 1)
      ids.set(body, id)
    }
    const acknowledged = [...this.#acknowledged]
    const bodiesWhere = (wrong: (body: string) => boolean) => [...times.keys()].filter(wrong)
    const missing = acknowledged.filter(([body]) => !times.has(body)).map(([body]) => body)
    t.strictSame(missing, [], 'no acknowledged message is missing')
    const moved = acknowledged.filter(([body, id]) => times.has(body) && ids.get(body) !== id)
    t.strictSame(moved, [], 'each is stored under the id that was told')
    t.strictSame(
      bodiesWhere((body) => (times.get(body) ?? 0) > 1),
      [],
      'none is there twice',
    )
    t.strictSame(
      bodiesWhere((body) => this.#refused.has(body)),
      [],
      'none that was refused is there',
    )
    const known = (body: string) =>
      this.#acknowledged.has(body) || this.#refused.has(body) || this.#unknown.has(body)
    t.strictSame(
      bodiesWhere((body) => !known(body)),
      [],
      'nothing else is there',
    )
    const happened = [...this.#unknown].filter((body) => times.has(body)).length
    if (this.#unknown.size > 0)
      t.comment(`of ${this.#unknown.size} unknown outcomes ${happened} had happened`)
  }
}
