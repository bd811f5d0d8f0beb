// The pending calls by id, in a table of slots. A Map copies its table again and again, and each old table still refers to its
// former entries. If the garbage collector promotes an old table, that table keeps every later request alive until the
// collector marks the whole heap. That was half of a busy gateway's garbage collection.

/** The first number of slots; always a power of two. */
const SLOTS = 64

export class Calls<C extends { id: number }> {
  #slots: (C | undefined)[] = Array(SLOTS).fill(undefined)
  #size = 0
  #lastId = 0

  get size(): number {
    return this.#size
  }

  /** Adds a call, and gives it an id that no call has had. */
  add(call: C): void {
    if (this.#size * 2 >= this.#slots.length) this.#grow()
    do this.#lastId++
    while (this.#slots[this.#slotOf(this.#lastId)])
    call.id = this.#lastId
    this.#slots[this.#slotOf(call.id)] = call
    this.#size++
  }

  /** Removes a call. Undefined if it was removed before. */
  take(id: number): C | undefined {
    const call = this.#slots[this.#slotOf(id)]
    if (call?.id !== id) return undefined
    this.#slots[this.#slotOf(id)] = undefined
    this.#size--
    return call
  }

  /** Removes the calls that match, the oldest first. */
  takeAll(matches: (call: C) => boolean): C[] {
    const taken = this.#slots.filter((call): call is C => call !== undefined && matches(call))
    for (const { id } of taken) this.take(id)
    return taken.sort((a, b) => a.id - b.id)
  }

  #slotOf(id: number): number {
    return id & (this.#slots.length - 1)
  }

  #grow(): void {
    const calls = this.#slots
    this.#slots = Array(calls.length * 2).fill(undefined)
    for (const call of calls) if (call) this.#slots[this.#slotOf(call.id)] = call
  }
}
