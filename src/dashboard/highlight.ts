// The highlighter, which the page loads with the first code: a few languages that agents write, by highlight.js through
// lowlight, which returns a tree and no markup.

import bash from 'highlight.js/lib/languages/bash'
import css from 'highlight.js/lib/languages/css'
import diff from 'highlight.js/lib/languages/diff'
import go from 'highlight.js/lib/languages/go'
import json from 'highlight.js/lib/languages/json'
import markdown from 'highlight.js/lib/languages/markdown'
import python from 'highlight.js/lib/languages/python'
import rust from 'highlight.js/lib/languages/rust'
import sql from 'highlight.js/lib/languages/sql'
import typescript from 'highlight.js/lib/languages/typescript'
import xml from 'highlight.js/lib/languages/xml'
import yaml from 'highlight.js/lib/languages/yaml'
import { createLowlight } from 'lowlight'

const lowlight = createLowlight({
  bash,
  css,
  diff,
  go,
  json,
  markdown,
  python,
  rust,
  sql,
  typescript,
  xml,
  yaml,
})
lowlight.registerAlias({ typescript: ['javascript', 'js', 'jsx', 'mjs', 'ts', 'tsx'] })

type Tree = ReturnType<typeof lowlight.highlight>['children']

type Node =
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'element'; readonly classes: string; readonly children: Highlighted }
export type Highlighted = readonly Node[]

/** The most levels of the tree: more than people nest by hand, and few enough to draw. */
const MAX_DEPTH = 40

/** Undefined if the language is none of these, or the tree is too deep. */
export function highlight(text: string, language: string): Highlighted | undefined {
  const name = language.toLowerCase()
  if (!lowlight.registered(name)) return undefined
  try {
    return treeOf(lowlight.highlight(name, text).children, 0)
  } catch {
    return undefined // too deep
  }
}

/** @throws Error when the tree has too many levels */
function treeOf(nodes: Tree, depth: number): Highlighted {
  if (depth > MAX_DEPTH) throw new Error('too deep')
  return nodes.flatMap((node): Node[] => {
    if (node.type === 'text') return [{ type: 'text', value: node.value }]
    if (node.type !== 'element') return []
    const { className } = node.properties
    const classes = Array.isArray(className) ? className.join(' ') : ''
    return [{ type: 'element', classes, children: treeOf(node.children as Tree, depth + 1) }]
  })
}
