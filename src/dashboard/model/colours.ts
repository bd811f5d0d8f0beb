// A colour for each agent, the same at each load. An agent gets the colour of its id's hash, or the next one that the fewest
// agents have. The browser keeps the colours. Pure, except for this memory.

const COLOURS = 8
/** Agents whose colours it keeps and tells apart. Further agents get the colours of their ids' hashes. */
const MAX_AGENTS = 200
/** Agents with longer ids get the colours of their ids' hashes. */
const MAX_ID_CHARS = 100

/** Colours by agent, from one load to the next. */
export interface ColourMemory {
  read(): Readonly<Record<string, number>>
  write(given: Readonly<Record<string, number>>): void
}

export class Colours {
  readonly #memory: ColourMemory
  /** The colours of the agents that this page has seen. */
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
    // Read each time: another tab may have given this agent a colour first.
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

  /** A colour that the fewest agents have, if possible the wanted one. */
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
