// Splits strangers' text into pieces that the page can show. A hidden character that changes the look of others (a control
// character, right-to-left override, zero-width or tag character, lone surrogate) becomes a mark. All else stays text, and
// nothing becomes markup. The number of pieces is bounded, so that a page lays out any text quickly.

import { beginning, wholeFrom } from '../../cut.js'

export { beginning }

/** A part of the text, unchanged, or one hidden character. */
export type Piece = string | Mark

export interface Mark {
  /** The visible sign in its place. */
  readonly mark: string
  /** The character's name. */
  readonly name: string
}

/** Controls, format characters, line and paragraph separators, lone surrogates. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** The most marks of one text. Further hidden characters stay in the text. */
const MAX_MARKS = 100

/** Joiners, which emoji and several scripts need. */
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
  /** The text after the last mark, once there are `MAX_MARKS`. */
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

/** The most characters of a drawn name, of a label, and of a title. */
export const NAME_CHARS = 100
export const LABEL_CHARS = 60
const TITLE_CHARS = 300

/** The beginning and the end of a longer text: names differ at the beginning, paths at the end. */
export function bounded(text: string, max = NAME_CHARS): string {
  if (text.length <= max) return text
  const head = Math.ceil(max * 0.6)
  return `${beginning(text, head)}…${text.slice(wholeFrom(text, text.length - (max - head)))}`
}

/** A bounded text as one string, for attributes and titles, which hold text only. */
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

/** The first `max` places of `needle` (in lower case) in `text`, as pairs of start and end. */
export function matchesOf(text: string, needle: string, max = Number.POSITIVE_INFINITY): [number, number][] {
  if (needle === '') return []
  const found: [number, number][] = []
  const lower = text.toLowerCase()
  // A few letters change their length in lower case. The positions would be wrong then, so it returns none.
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
