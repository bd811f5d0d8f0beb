// Writes strangers' values as JSON text for people. It bounds levels and characters, so that the page can write and draw any
// value. `[…]` and `{…}` stand for deeper levels. Pure.

/** The most levels: more than people nest by hand, and few enough to draw. */
const MAX_DEPTH = 32
const INDENT = '  '

export interface JsonText {
  readonly text: string
  /** The value has more than the text shows. */
  readonly isCut: boolean
}

/** A value as JSON text: a line for each member if `indented`, else one line. */
export function jsonText(
  value: unknown,
  { chars, indented = false }: { chars: number; indented?: boolean },
): JsonText {
  const parts: string[] = []
  let left = chars
  let isCut = false
  const add = (text: string) => {
    const fits = text.length <= left
    if (!fits) isCut = true
    parts.push(fits ? text : text.slice(0, left))
    left = fits ? left - text.length : 0
  }
  const write = (part: unknown, depth: number) => {
    if (left <= 0) isCut = true
    else if (typeof part === 'string') add(JSON.stringify(part.slice(0, left + 1)))
    else if (typeof part !== 'object' || part === null) add(String(part))
    else {
      const isList = Array.isArray(part)
      const [open, close] = isList ? '[]' : '{}'
      const names = isList ? undefined : Object.keys(part)
      const count = names?.length ?? (part as unknown[]).length
      if (count === 0) return add(`${open}${close}`)
      if (depth >= MAX_DEPTH) {
        isCut = true
        return add(`${open}…${close}`)
      }
      const line = (level: number) => (indented ? `\n${INDENT.repeat(level)}` : '')
      add(open as string)
      for (let i = 0; i < count && left > 0; i++) {
        add(`${i > 0 ? ',' : ''}${i > 0 && !indented ? ' ' : ''}${line(depth + 1)}`)
        const name = names?.[i]
        if (name !== undefined) add(`${JSON.stringify(name.slice(0, left + 1))}: `)
        write(
          name === undefined ? (part as unknown[])[i] : (part as Record<string, unknown>)[name],
          depth + 1,
        )
      }
      add(`${line(depth)}${close}`)
    }
  }
  write(value, 0)
  return { text: isCut && left <= 0 ? `${parts.join('')}…` : parts.join(''), isCut }
}

/** The approximate length of a value's JSON text, without building it. It works for deep values, too. */
export function jsonSize(value: unknown): number {
  let size = 0
  const open: unknown[] = [value]
  while (open.length > 0) {
    const part = open.pop()
    if (typeof part === 'string') size += part.length + 2
    else if (typeof part !== 'object' || part === null) size += 5
    else {
      size += 2
      for (const [name, member] of Object.entries(part)) {
        size += Array.isArray(part) ? 1 : name.length + 4
        open.push(member)
      }
    }
  }
  return size
}
