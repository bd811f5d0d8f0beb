// A colour for each agent: given out in the order in which they are first seen, so that the first eight differ, and
// kept as long as the page is open.

const COLOURS = 8

export class Colours {
  readonly #given = new Map<string, number>()

  /** The class that carries the agent's colour. */
  of(agent: string): string {
    if (agent === 'system') return 'hue-system'
    let colour = this.#given.get(agent)
    if (colour === undefined) {
      colour = this.#given.size % COLOURS
      this.#given.set(agent, colour)
    }
    return `hue-${colour}`
  }
}
