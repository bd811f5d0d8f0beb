// An agent wherever it is mentioned: its colour, its initials, its name.

import type { JSX } from 'preact'
import { colours, displayNames } from '../room.js'
import { Name } from './text.js'

/** Two letters or digits of a name. */
function initials(name: string): string {
  const words = name.match(/[\p{L}\p{N}]+/gu) ?? []
  const [first = '', second = ''] = words
  const letters = second === '' ? [...first].slice(0, 2) : [[...first][0] ?? '', [...second][0] ?? '']
  return letters.join('').toUpperCase() || '?'
}

export function Avatar({ id }: { id: string }): JSX.Element {
  return (
    <span class={`avatar ${colours.of(id)}`} aria-hidden="true">
      {initials(id)}
    </span>
  )
}

/** The display name; the id where nobody of that id is here. */
export function AgentName({ id }: { id: string }): JSX.Element {
  return <Name text={displayNames.value.get(id) ?? id} class="agent-name" />
}

export function AgentTag({ id }: { id: string }): JSX.Element {
  return (
    <span class={`agent-tag ${colours.of(id)}`}>
      <span class="swatch" aria-hidden="true" />
      <AgentName id={id} />
    </span>
  )
}
