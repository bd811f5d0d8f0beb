// Code, with colours if the highlighter knows its language. The page loads the highlighter with the first code. Until then
// the code is plain text, and so is code that is too long. The highlighter returns a tree, and this file makes elements of
// it: the page parses no markup.

import { signal } from '@preact/signals'
import type { ComponentChildren, JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import type { Highlighted } from '../highlight.js'
import { useFold } from './fold.js'
import { Text } from './text.js'

const FOLD_CHARS = 2_000
const FOLD_LINES = 14
const MAX_COLOURED_CHARS = 30_000

interface Props {
  readonly text: string
  readonly language: string
  /** Names it, as in `attachment 2 of message 7`. */
  readonly what: string
}

type Highlight = (text: string, language: string) => Highlighted | undefined
const highlight = signal<Highlight | undefined>(undefined)
let isLoading = false

async function load(): Promise<void> {
  if (isLoading) return
  isLoading = true
  try {
    highlight.value = (await import('../highlight.js')).highlight
  } catch {
    isLoading = false // the next code tries again
  }
}

export function Code({ text, language, what }: Props): JSX.Element {
  useEffect(() => void load(), [])
  const { shown, more } = useFold(text, FOLD_CHARS, FOLD_LINES, what)
  const tree = shown.length <= MAX_COLOURED_CHARS ? highlight.value?.(shown, language) : undefined
  return (
    <div class="code">
      <pre dir="ltr">
        <code>{tree ? elementsOf(tree) : <Text text={shown} lines />}</code>
      </pre>
      {more}
    </div>
  )
}

function elementsOf(nodes: Highlighted): ComponentChildren {
  return nodes.map((node) => {
    if (node.type === 'text') return <Text text={node.value} lines />
    return <span class={node.classes}>{elementsOf(node.children)}</span>
  })
}
