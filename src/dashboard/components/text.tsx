// Text of strangers on the page: as text nodes, with hidden characters made visible and what is looked for marked.

import type { ComponentChildren, JSX } from 'preact'
import { matchesOf, type Piece, piecesOf, plain } from '../model/text.js'
import { needle } from '../page-state.js'

/** `lines`: line breaks and tabs are kept, and laid out by the style of what surrounds it. */
export function Text({ text, lines = false }: { text: string; lines?: boolean }): JSX.Element {
  return <>{piecesOf(text, { lines }).map((piece, i) => shown(piece, i))}</>
}

/** A name, path or key: isolated, so that its direction does not reorder what stands beside it. */
export function Name({ text, class: given }: { text: string; class?: string }): JSX.Element {
  return (
    <bdi class={given ? `name ${given}` : 'name'} title={plain(text)}>
      <Text text={text} />
    </bdi>
  )
}

function shown(piece: Piece, key: number): ComponentChildren {
  if (typeof piece !== 'string') {
    return (
      <span key={key} class="hidden-character" title={piece.name}>
        {piece.mark}
      </span>
    )
  }
  const matches = matchesOf(piece, needle.value)
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
