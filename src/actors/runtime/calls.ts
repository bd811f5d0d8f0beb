// The calls that wait for their replies, by id. A table of slots, not a Map: a Map that entries come to and leave is
// made anew again and again, and the tables that it has outgrown still refer to what they held. Once one of these is
// old to the garbage collector, all later ones hang on it, and every request that was ever under way is kept
// until the whole heap is marked: half of what collecting garbage cost a busy gateway.

/** Slots at first; a power of two always. */
const SLOTS = 64

export class Calls<C extends { id: number }> {
  #slots: (C | undefined)[] = Array(SLOTS).fill(undefined)
  #size = 0
  #lastId = 0

  get size(): number {
    return this.#size
  }

  /** Takes a call in, and gives it an id that no other one has had. */
  add(call: C): void {
    if (this.#size * 2 >= this.#slots.length) this.#grow()
    do this.#lastId++
    while (this.#slots[this.#slotOf(this.#lastId)])
    call.id = this.#lastId
    this.#slots[this.#slotOf(call.id)] = call
    this.#size++
  }

  /** Takes a call out; undefined when it is not there any more. */
  take(id: number): C | undefined {
    const call = this.#slots[this.#slotOf(id)]
    if (call?.id !== id) return undefined
    this.#slots[this.#slotOf(id)] = undefined
    this.#size--
    return call
  }

  /** Takes out those that match, the oldest first. */
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
