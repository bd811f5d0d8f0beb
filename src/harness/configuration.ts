// Edits of a harness's configuration, as texts. Everything but Arc's own entries stays byte for byte: comments, order, line ends.
// The parser only tells where things are. Its own edits would lay out the neighbours of an entry anew. Pure.

import { isDeepStrictEqual } from 'node:util'
import { findNodeAtLocation, type Node, type ParseError, parse, parseTree } from 'jsonc-parser'

/** What Arc writes in one place of a configuration. */
export interface Edit {
  /** The list that gets the value as an element, or the object that gets it as the member `name`. */
  readonly path: readonly [string, ...string[]]
  readonly name?: string
  readonly value: object | string
  /** Whether an element, or the member of that name, is Arc's, by its text. */
  isOurs(text: string): boolean
}

export interface Settings {
  /** Members that the harness wants at the top, if the file has not got them. */
  readonly beside: Readonly<Record<string, unknown>>
  readonly edits: readonly Edit[]
  /** What an earlier run may have written and does not belong there any more. */
  readonly gone?: readonly Edit[] | undefined
}

export interface Edited {
  readonly text: string
  /** What was not written, since another program's entry has the name. */
  readonly taken: readonly Edit[]
}

const PARSING = { allowTrailingComma: true } as const
const BOM = '\uFEFF'
/** A new file. */
const EMPTY = '{\n}\n'

/** The text with our entries: added last in their places, or brought up to date. Undefined: not readable. */
export function withEdits(text: string, { beside, edits, gone = [] }: Settings): Edited | undefined {
  const mark = text.startsWith(BOM) ? BOM : ''
  const given = text.slice(mark.length)
  let source = given.trim() === '' ? EMPTY : given
  if (!rootOf(source)) return undefined
  for (const [name, value] of Object.entries(beside)) {
    if (!nodeAt(source, [name])) source = withLast(source, [], name, value)
  }
  source = withoutOwn(source, gone)
  const taken: Edit[] = []
  for (const edit of edits) {
    const after = withEdit(source, edit)
    if (after === undefined) taken.push(edit)
    else source = after
  }
  return rootOf(source) && { text: mark + source, taken }
}

/** The text without our entries. Lists and objects that they leave empty stay. Undefined: not readable. */
export function withoutEdits(text: string, { edits, gone = [] }: Settings): string | undefined {
  const mark = text.startsWith(BOM) ? BOM : ''
  const source = text.slice(mark.length)
  if (source.trim() === '') return text
  if (!rootOf(source)) return undefined
  const rest = withoutOwn(source, [...edits, ...gone])
  return rootOf(rest) && mark + rest
}

function withoutOwn(source: string, edits: readonly Edit[]): string {
  return edits.reduce((rest, edit) => {
    const found = ownOf(rest, edit)
    return found ? without(rest, found) : rest
  }, source)
}

/** Undefined: another program's entry has the name, or something else is where the list or object should be. */
function withEdit(source: string, edit: Edit): string | undefined {
  const { path, name, value } = edit
  const own = ownOf(source, edit)
  if (own) {
    const node = name === undefined ? own : (own.children?.[1] as Node)
    const before: unknown = parse(textOf(source, node), [], PARSING)
    const after = name === undefined ? ofElement(node, value) : merged(before, value)
    if (isDeepStrictEqual(before, after)) return source
    return replaced(source, node, laidOut(after, indentOf(source, node.offset), source))
  }
  if (name !== undefined && nodeAt(source, [...path, name])) return undefined
  const parent = nodeAt(source, path)
  if (parent) {
    if (parent.type !== (name === undefined ? 'array' : 'object')) return undefined
    return withLast(source, path, name, value)
  }
  // The deepest object of the path that is there gets the rest of it.
  const [holder, rest] = deepest(source, path)
  if (nodeAt(source, [...holder, rest[0] as string])) return undefined
  const content = name === undefined ? [value] : { [name]: value }
  const inner = rest.slice(1).reduceRight<unknown>((content, name) => ({ [name]: content }), content)
  return withLast(source, holder, rest[0], inner)
}

/** The value for our element, or for our handler in a person's group. */
function ofElement(node: Node, value: object | string): unknown {
  const { hooks = [] } = value as { hooks?: readonly unknown[] }
  return hooks.length > 0 && !findNodeAtLocation(node, ['hooks']) ? hooks[0] : value
}

/** What a person has added to an entry stays. */
const merged = (before: unknown, ours: object | string): unknown =>
  typeof before === 'object' && before !== null && typeof ours === 'object' ? { ...before, ...ours } : ours

function deepest(
  source: string,
  path: readonly string[],
): [parent: readonly string[], rest: readonly string[]] {
  for (let length = path.length - 1; length > 0; length--) {
    const parent = path.slice(0, length)
    if (nodeAt(source, parent)?.type === 'object') return [parent, path.slice(length)]
  }
  return [[], path]
}

/** Adds an element to a list, or a member to an object, after all that is there. */
function withLast(source: string, path: readonly string[], name: string | undefined, value: unknown): string {
  const parent = nodeAt(source, path) as Node
  const close = parent.offset + parent.length - 1
  const last = parent.children?.at(-1)
  const isOneLine =
    !textOf(source, parent).includes('\n') && (last !== undefined || !source.trim().includes('\n'))
  const indent = last ? indentOf(source, last.offset) : indentOf(source, parent.offset) + unitOf(source)
  const key = name === undefined ? '' : `${JSON.stringify(name)}: `
  const content = key + (isOneLine ? JSON.stringify(value) : laidOut(value, indent, source))
  const eol = eolOf(source)
  if (!last) {
    const inner = isOneLine ? content : `${eol}${indent}${content}${eol}${indentOf(source, parent.offset)}`
    const before = source.slice(0, close)
    const isBare = before.trimEnd().length === parent.offset + 1
    return (isBare ? before.trimEnd() : before) + inner + source.slice(close)
  }
  const end = last.offset + last.length
  const between = source.slice(end, close)
  const given = lastCommaIn(between)
  // After what follows the last one, such as its comma and a comment; before the line, or the space, of the closing bracket.
  const rest = between.slice(given + 1)
  const line = rest.lastIndexOf('\n')
  const at = line === -1 ? rest.trimEnd().length : rest[line - 1] === '\r' ? line - 1 : line
  const comma = given === -1 ? ',' : ''
  const gap = line === -1 ? ' ' : `${eol}${indent}`
  const kept = between.slice(0, given + 1) + rest.slice(0, at)
  return `${source.slice(0, end)}${comma}${kept}${gap}${content}${rest.slice(at)}${source.slice(close)}`
}

/** Removes an element with the comma that joins it to the others. */
function without(source: string, node: Node): string {
  const siblings = node.parent?.children ?? []
  const at = siblings.indexOf(node)
  const end = node.offset + node.length
  const previous = siblings[at - 1]
  const next = siblings[at + 1]
  if (previous) {
    const start = previous.offset + previous.length
    const between = source.slice(start, node.offset)
    const comments = withoutLastComma(between).trimEnd()
    return source.slice(0, start) + closed(comments, source.slice(end), source)
  }
  if (next) {
    const comments = withoutLastComma(source.slice(end, next.offset)).trimStart()
    return source.slice(0, node.offset) + comments + source.slice(next.offset)
  }
  const open = (node.parent as Node).offset + 1
  const close = (node.parent as Node).offset + (node.parent as Node).length - 1
  const comments = source.slice(open, node.offset).trimEnd() + source.slice(end, close).trim()
  return source.slice(0, open) + closed(comments, source.slice(close), source)
}

/** A comment to the end of the line keeps that end, else it would take what follows with it. */
function closed(comments: string, next: string, source: string): string {
  const isOpen = /\/\/[^\n]*$/.test(comments) && !/^[ \t]*\r?\n/.test(next)
  return comments + (isOpen ? eolOf(source) : '') + next
}

function replaced(source: string, node: Node, text: string): string {
  return source.slice(0, node.offset) + text + source.slice(node.offset + node.length)
}

function rootOf(source: string): Node | undefined {
  const errors: ParseError[] = []
  const root = parseTree(source, errors, PARSING)
  return errors.length === 0 && root?.type === 'object' ? root : undefined
}

function nodeAt(source: string, path: readonly string[]): Node | undefined {
  const root = rootOf(source)
  return root && findNodeAtLocation(root, [...path])
}

/** Our element of a list, or our member of an object, as a property. */
function ownOf(source: string, { path, name, isOurs }: Edit): Node | undefined {
  const parent = nodeAt(source, path)
  const isOwn = (node: Node) => isOurs(textOf(source, node))
  if (name === undefined) {
    const element = parent?.type === 'array' ? parent.children?.find(isOwn) : undefined
    // A harness, or a person, may have put other handlers into our group, or ours into another one.
    const handlers = element && findNodeAtLocation(element, ['hooks'])?.children
    return handlers && handlers.length > 1 ? handlers.find(isOwn) : element
  }
  if (parent?.type !== 'object') return undefined
  return parent.children?.find(({ children: [key, value] = [] }) => {
    return key?.value === name && value !== undefined && isOwn(value)
  })
}

function textOf(source: string, { offset, length }: Node): string {
  return source.slice(offset, offset + length)
}

/** A value as JSON whose further lines begin with `indent`. */
function laidOut(value: unknown, indent: string, source: string): string {
  return JSON.stringify(value, null, unitOf(source)).replaceAll('\n', `${eolOf(source)}${indent}`)
}

/** The white space at the beginning of the line that holds `offset`. */
function indentOf(source: string, offset: number): string {
  const line = source.slice(source.lastIndexOf('\n', offset - 1) + 1)
  return /^[ \t]*/.exec(line)?.[0] ?? ''
}

function unitOf(source: string): string {
  return /^([ \t]+)\S/m.exec(source)?.[1] ?? '  '
}

function eolOf(source: string): string {
  return source.includes('\r\n') ? '\r\n' : '\n'
}

/** Where the last comma is that is not in a comment; -1 for none. */
function lastCommaIn(text: string): number {
  let at = -1
  for (const match of text.matchAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|,/g)) if (match[0] === ',') at = match.index
  return at
}

/** Removes the last comma that is not in a comment. */
function withoutLastComma(text: string): string {
  const at = lastCommaIn(text)
  return at === -1 ? text : text.slice(0, at) + text.slice(at + 1)
}
