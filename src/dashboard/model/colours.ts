// A colour for each agent, the same at each load: its id says which one it would have, and where another agent that is seen
// has that, it gets the next that is free. What was given is remembered, so that it stays. Pure but for what it remembers.

const COLOURS = 8
/** Agents that are remembered, and that may take a colour from each other. Further ones have what their id says. */
const MAX_AGENTS = 200
/** Longer ids are not remembered. */
const MAX_ID_CHARS = 100

/** Colours by agent, from one load to the next. */
export interface ColourMemory {
  read(): Readonly<Record<string, number>>
  write(given: Readonly<Record<string, number>>): void
}

export class Colours {
  readonly #memory: ColourMemory
  /** Of the agents that this page has seen. */
  readonly #given = new Map<string, number>()

  constructor(memory: ColourMemory) {
    this.#memory = memory
  }

  /** The class that carries the agent's colour. */
  of(agent: string): string {
    if (agent === 'system') return 'hue-system'
    return `hue-${this.#given.get(agent) ?? this.#give(agent)}`
  }

  #give(agent: string): number {
    const wanted = hash(agent) % COLOURS
    if (agent.length > MAX_ID_CHARS || this.#given.size >= MAX_AGENTS) return wanted
    // Read each time: another tab may have met this agent first.
    const remembered = this.#memory.read()
    const known = Object.hasOwn(remembered, agent) ? remembered[agent] : undefined
    const colour = isColour(known) ? known : this.#free(wanted)
    this.#given.set(agent, colour)
    if (colour !== known) {
      const others = Object.entries(remembered).filter(([id]) => id !== agent)
      this.#memory.write(Object.fromEntries([...others, [agent, colour]].slice(-MAX_AGENTS)))
    }
    return colour
  }

  /** The one that the fewest have, the wanted one first. */
  #free(wanted: number): number {
    const users = Array<number>(COLOURS).fill(0)
    for (const colour of this.#given.values()) users[colour] = (users[colour] ?? 0) + 1
    const order = users.map((_, i) => (wanted + i) % COLOURS)
    const fewest = Math.min(...users)
    return order.find((colour) => users[colour] === fewest) ?? wanted
  }
}

function isColour(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < COLOURS
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < Math.min(text.length, MAX_ID_CHARS); i++)
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}
