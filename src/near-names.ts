// "Did you mean": the names that are most like a misspelt one.

import { distance } from 'fastest-levenshtein'

const MOST_NAMES = 3

/** At most three names, the most similar first. A name that only continues the given one is near as well. */
export function nearNames(given: string, names: readonly string[]): string[] {
  const wanted = given.toLowerCase()
  const atMost = Math.max(1, Math.ceil(wanted.length / 3))
  return names
    .map((name) => ({ name, far: farness(wanted, name.toLowerCase(), atMost) }))
    .filter(({ far }) => far !== undefined)
    .sort((a, b) => (a.far as number) - (b.far as number) || (a.name < b.name ? -1 : 1))
    .slice(0, MOST_NAMES)
    .map(({ name }) => name)
}

function farness(wanted: string, name: string, atMost: number): number | undefined {
  const far = distance(wanted, name)
  if (far <= atMost) return far
  return wanted.length >= 3 && (name.startsWith(wanted) || wanted.startsWith(name)) ? atMost + 1 : undefined
}
