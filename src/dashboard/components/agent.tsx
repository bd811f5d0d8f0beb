// An agent's colour, initials and name, for every place that shows an agent.

import type { JSX } from 'preact'
import { beginning, LABEL_CHARS, plain } from '../model/text.js'
import { colours, displayNames } from '../room.js'
import { Name } from './text.js'

/** Two letters or digits of a name. */
function initials(name: string): string {
  const words = beginning(name, 60).match(/[\p{L}\p{N}]+/gu) ?? []
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

/** The display name; the id if the agent has no session. */
const nameOf = (id: string) => displayNames.value.get(id) ?? id

export function AgentName({ id }: { id: string }): JSX.Element {
  return <Name text={nameOf(id)} class="agent-name" />
}

/** The name for a label or title, which holds text only. */
export function agentLabel(id: string): string {
  return plain(nameOf(id), LABEL_CHARS)
}

export function AgentTag({ id }: { id: string }): JSX.Element {
  return (
    <span class={`agent-tag ${colours.of(id)}`}>
      <span class="swatch" aria-hidden="true" />
      <AgentName id={id} />
    </span>
  )
}
