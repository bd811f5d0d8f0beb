// A message's body as blocks: text, and code between ``` fences, as agents write it. Nothing else of Markdown is
// read: what is not a fence is shown as it was written.

export type Block =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'code'; readonly text: string; readonly language: string }

const FENCE = /^ {0,3}(```+|~~~+)[ \t]*([A-Za-z0-9_+#.-]*)[^\n`]*$/

/** A fence that is never closed reaches to the end. */
export function blocksOf(body: string): Block[] {
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
    const match = FENCE.exec(line)
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

/** Text with its `inline code` told apart. */
export function spansOf(text: string): { readonly code: boolean; readonly text: string }[] {
  return text
    .split(/(`[^`\n]+`)/)
    .filter((span) => span !== '')
    .map((span) => {
      const code = span.length > 2 && span.startsWith('`') && span.endsWith('`')
      return { code, text: code ? span.slice(1, -1) : span }
    })
}

/** The beginning of a long text, cut at a line where one is near; undefined when it is not long. */
export function headOf(text: string, maxChars: number, maxLines: number): string | undefined {
  let end = 0
  for (let line = 0; line < maxLines && end !== -1; line++) end = text.indexOf('\n', end + (line > 0 ? 1 : 0))
  const byLines = end === -1 ? text.length : end
  const cut = Math.min(byLines, maxChars)
  return cut >= text.length ? undefined : text.slice(0, cut)
}
