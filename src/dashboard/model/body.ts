// A message's body as blocks: text, and code between ``` fences. It reads nothing else of Markdown, so all other text stays
// as written. Any body becomes a bounded number of parts, and a browser lays out each part quickly.

import { beginning } from './text.js'

export type Block =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'code'; readonly text: string; readonly language: string }

const FENCE = /^ {0,3}(```+|~~~+)[ \t]*([A-Za-z0-9_+#.-]*)[^\n`]*$/

/** The most blocks, and the most spans of inline code. All further text is one text. */
const MAX_BLOCKS = 100
const MAX_SPANS = 400
/** In some scripts, breaking the lines of a paragraph without spaces takes as many steps as the square of its length. */
const PARAGRAPH_CHARS = 2_000

/** A fence that is never closed reaches to the end. */
export function blocksOf(body: string): Block[] {
  return fencedBlocks(body).flatMap((block): Block[] =>
    block.type === 'code' ? [block] : paragraphsOf(block.text).map((text) => ({ type: 'text', text })),
  )
}

function fencedBlocks(body: string): Block[] {
  if (!body.includes('```') && !body.includes('~~~')) return body === '' ? [] : [{ type: 'text', text: body }]
  const blocks: Block[] = []
  let lines: string[] = []
  let fence: { readonly marker: string; readonly language: string } | undefined
  const flush = () => {
    const text = lines.join('\n')
    lines = []
    if (fence) blocks.push({ type: 'code', text, language: fence.language })
    else if (text.trim() !== '') blocks.push({ type: 'text', text: text.replace(/^\n+|\n+$/g, '') })
  }
  for (const line of body.split(/\r?\n/)) {
    const match = blocks.length < MAX_BLOCKS ? FENCE.exec(line) : null
    const marker = match?.[1] ?? ''
    if (!fence && match) {
      flush()
      fence = { marker, language: (match[2] ?? '').toLowerCase() }
    } else if (fence && marker.startsWith(fence.marker) && match?.[2] === '') {
      flush()
      fence = undefined
    } else lines.push(line)
  }
  if (fence || lines.length > 0) flush()
  return blocks
}

/** A long text in parts: it splits at ends of lines, else between words, else anywhere. */
function paragraphsOf(text: string): string[] {
  const parts: string[] = []
  let from = 0
  while (text.length - from > PARAGRAPH_CHARS) {
    const part = beginning(text.slice(from, from + PARAGRAPH_CHARS + 1), PARAGRAPH_CHARS)
    const line = part.lastIndexOf('\n')
    const end = line > 0 ? line : part.lastIndexOf(' ') > 0 ? part.lastIndexOf(' ') + 1 : part.length
    parts.push(part.slice(0, end))
    from += line > 0 ? end + 1 : end
  }
  return [...parts, text.slice(from)]
}

/** Splits a text into plain text and `inline code`. */
export function spansOf(text: string): { readonly code: boolean; readonly text: string }[] {
  const parts = text.split(/(`[^`\n]+`)/)
  return [...parts.slice(0, MAX_SPANS), parts.slice(MAX_SPANS).join('')]
    .filter((span) => span !== '')
    .map((span) => {
      const code = span.length > 2 && span.startsWith('`') && span.endsWith('`')
      return { code, text: code ? span.slice(1, -1) : span }
    })
}

/** The beginning of a long text, cut at the end of a line if one is near. Undefined if the text is not long. */
export function headOf(text: string, maxChars: number, maxLines: number): string | undefined {
  let end = 0
  for (let line = 0; line < maxLines && end !== -1; line++) end = text.indexOf('\n', end + (line > 0 ? 1 : 0))
  const byLines = end === -1 ? text.length : end
  const cut = Math.min(byLines, maxChars)
  return cut >= text.length ? undefined : beginning(text, cut)
}
