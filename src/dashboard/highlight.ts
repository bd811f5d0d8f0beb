// The highlighter, in a file that is loaded when it is needed: a few languages that agents write, by highlight.js
// through lowlight, which gives a tree rather than markup.

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

/** Undefined when the language is none of these. */
export function highlight(text: string, language: string): Highlighted | undefined {
  const name = language.toLowerCase()
  return lowlight.registered(name) ? treeOf(lowlight.highlight(name, text).children) : undefined
}

function treeOf(nodes: Tree): Highlighted {
  return nodes.flatMap((node): Node[] => {
    if (node.type === 'text') return [{ type: 'text', value: node.value }]
    if (node.type !== 'element') return []
    const { className } = node.properties
    const classes = Array.isArray(className) ? className.join(' ') : ''
    return [{ type: 'element', classes, children: treeOf(node.children as Tree) }]
  })
}
