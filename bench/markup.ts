// HTML as a template that escapes every value but markup. So a case's name or a URL can hold anything, in text and in
// quoted attributes, and no caller has to escape it.

export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Undefined becomes nothing. A list is joined without separators. */
export type Part = Markup | string | number | undefined | readonly Part[]

export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.reduce((text, next, i) => `${text}${written(parts[i - 1])}${next}`))
}

function written(part: Part): string {
  if (part === undefined) return ''
  if (part instanceof Markup) return part.text
  if (typeof part === 'object') return part.map(written).join('')
  return String(part).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
