// Text of strangers on the page: as text nodes, with hidden characters made visible and what is looked for marked.

import type { ComponentChildren, JSX } from 'preact'
import { bounded, matchesOf, type Piece, piecesOf, plain } from '../model/text.js'
import { needle } from '../page-state.js'

/** What is looked for is marked so many times in one text. */
const MAX_MATCHES = 200

/** In a list that holds nothing: because nothing is there, or because nothing of it is what is looked for. */
export function NothingHere({ what, none }: { what: string; none: string }): JSX.Element {
  if (needle.value === '') return <p class="panel-empty">{none}</p>
  return (
    <p class="panel-empty">
      No {what} matches “<Name text={needle.value} />
      ”.
    </p>
  )
}

/** `lines`: line breaks and tabs are kept, and laid out by the style of what surrounds it. */
export function Text({ text, lines = false }: { text: string; lines?: boolean }): JSX.Element {
  const left = { matches: MAX_MATCHES }
  return <>{piecesOf(text, { lines }).map((piece, i) => shown(piece, i, left))}</>
}

/**
 * A name, path or key: isolated, so that its direction does not reorder what stands beside it, and bounded, whatever
 * a stranger calls themselves.
 */
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
