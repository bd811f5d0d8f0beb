// Draws strangers' text as text nodes. It makes hidden characters visible, and marks the matches of the search.

import type { ComponentChildren, JSX } from 'preact'
import { bounded, matchesOf, type Piece, piecesOf, plain } from '../model/text.js'
import { needle } from '../page-state.js'

/** The most matches that are marked in one text. */
const MAX_MATCHES = 200

/** The text of an empty list: the room has none, or the search finds none. */
export function NothingHere({ what, none }: { what: string; none: string }): JSX.Element {
  if (needle.value === '') return <p class="panel-empty">{none}</p>
  return (
    <p class="panel-empty">
      No {what} matches “<Name text={needle.value} />
      ”.
    </p>
  )
}

/** `lines` keeps line breaks and tabs; the style of the parent lays them out. */
export function Text({ text, lines = false }: { text: string; lines?: boolean }): JSX.Element {
  const left = { matches: MAX_MATCHES }
  return <>{piecesOf(text, { lines }).map((piece, i) => shown(piece, i, left))}</>
}

/** A name, path or key. It is isolated, so that its direction does not reorder its neighbours, and bounded in length. */
export function Name({ text, class: given }: { text: string; class?: string }): JSX.Element {
  return (
    <bdi class={given ? `name ${given}` : 'name'} title={plain(text)}>
      <Text text={bounded(text)} />
    </bdi>
  )
}

function shown(piece: Piece, key: number, left: { matches: number }): ComponentChildren {
  if (typeof piece !== 'string') {
    return (
      <span key={key} class="hidden-character" title={piece.name}>
        {piece.mark}
      </span>
    )
  }
  const matches = matchesOf(piece, needle.value, left.matches)
  left.matches -= matches.length
  if (matches.length === 0) return piece
  const parts: ComponentChildren[] = []
  let shownTo = 0
  for (const [from, to] of matches) {
    parts.push(piece.slice(shownTo, from), <mark>{piece.slice(from, to)}</mark>)
    shownTo = to
  }
  parts.push(piece.slice(shownTo))
  return parts
}
