// Text that strangers wrote, taken apart so that it can be shown for what it is. Characters that are not seen but
// change what is seen (control characters, right-to-left overrides, zero-width and tag characters, lone surrogates) become
// marks; everything else stays text. What shows it never makes markup of it. All of it is bounded: no text, however long
// and of whatever it is made, becomes more than a page can lay out at once.

/** A stretch of text as it is, or one hidden character. */
export type Piece = string | Mark

export interface Mark {
  /** What stands in its place. */
  readonly mark: string
  /** What it is called. */
  readonly name: string
}

/** Controls, format characters, line and paragraph separators, lone surrogates. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** Of these a text shows so many one by one; then they stand in the text, as it is. */
const MAX_MARKS = 100

/** Joiners make emoji and several scripts what they are. */
const HARMLESS = new Set(['\u200c', '\u200d'])

const NAMES: Readonly<Record<string, string>> = {
  '\u200b': 'zero-width space',
  '\u200e': 'left-to-right mark',
  '\u200f': 'right-to-left mark',
  '\u202a': 'left-to-right embedding',
  '\u202b': 'right-to-left embedding',
  '\u202c': 'pop directional formatting',
  '\u202d': 'left-to-right override',
  '\u202e': 'right-to-left override',
  '\u2066': 'left-to-right isolate',
  '\u2067': 'right-to-left isolate',
  '\u2068': 'first strong isolate',
  '\u2069': 'pop directional isolate',
  '\ufeff': 'byte order mark',
}

/** `lines` keeps line breaks and tabs, as in a body; without it they are marks too, as in a name. */
export function piecesOf(text: string, { lines = false } = {}): Piece[] {
  const pieces: Piece[] = []
  /** What follows the last mark, once there are enough of them. */
  let rest: string[] | undefined
  const add = (piece: Piece) => {
    if (rest) rest.push(typeof piece === 'string' ? piece : piece.mark)
    else if (pieces.push(piece) >= 2 * MAX_MARKS) rest = []
  }
  let shownTo = 0
  for (const { 0: character, index } of text.matchAll(HIDDEN)) {
    if (HARMLESS.has(character) || (lines && (character === '\n' || character === '\t'))) continue
    if (index > shownTo) add(text.slice(shownTo, index))
    shownTo = index + character.length
    if (lines && character === '\r' && text[shownTo] === '\n') continue
    add(markOf(character))
  }
  if (shownTo < text.length) add(text.slice(shownTo))
  if (rest && rest.length > 0) pieces.push(rest.join(''))
  return pieces
}

/** Characters of a name where it is drawn; where it labels something; and in a title. */
export const NAME_CHARS = 100
export const LABEL_CHARS = 60
const TITLE_CHARS = 300

/** The beginning and the end of a text that is longer: names are told apart by the one, paths by the other. */
export function bounded(text: string, max = NAME_CHARS): string {
  if (text.length <= max) return text
  const head = Math.ceil(max * 0.6)
  return `${beginning(text, head)}…${text.slice(wholeFrom(text, text.length - (max - head)))}`
}

/** The beginning of a text that is longer. */
export function beginning(text: string, max: number): string {
  return text.length <= max ? text : text.slice(0, wholeFrom(text, max))
}

/** No character is cut in half. */
function wholeFrom(text: string, at: number): number {
  const isInside = /[\udc00-\udfff]/.test(text.charAt(at)) && /[\ud800-\udbff]/.test(text.charAt(at - 1))
  return isInside ? at - 1 : at
}

/** A bounded text as one string: for attributes and titles, which hold nothing but text. */
export function plain(text: string, max = TITLE_CHARS): string {
  return piecesOf(bounded(text, max))
    .map((piece) => (typeof piece === 'string' ? piece : piece.mark))
    .join('')
}

function markOf(character: string): Mark {
  const code = character.codePointAt(0) ?? 0
  const hex = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
  const mark = code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '\u2421' : hex
  return { mark, name: `${hex} ${NAMES[character] ?? 'hidden character'}` }
}

/** Where `needle` (in lower case) occurs in `text`, `max` times at most: pairs of start and end. */
export function matchesOf(text: string, needle: string, max = Number.POSITIVE_INFINITY): [number, number][] {
  if (needle === '') return []
  const found: [number, number][] = []
  const lower = text.toLowerCase()
  // A few letters change their length in lower case; then positions would be wrong, and none are given.
  if (lower.length !== text.length) return []
  for (
    let at = lower.indexOf(needle);
    at !== -1 && found.length < max;
    at = lower.indexOf(needle, at + needle.length)
  ) {
    found.push([at, at + needle.length])
  }
  return found
}
