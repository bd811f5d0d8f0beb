// Edits of a harness's configuration, as texts. Everything but Arc's own entries stays byte for byte: comments, order, line ends.
// The parser only tells where things are. Its own edits would lay out the neighbours of an entry anew. Pure.

import { findNodeAtLocation, type Node, type ParseError, parseTree } from 'jsonc-parser'

/** One entry of ours: the list that holds it, by its path of names, and the entry. */
export interface Entry {
  readonly list: readonly [string, ...string[]]
  readonly value: object
}

export interface Settings {
  /** Members that the harness wants beside the lists, if the file has not got them. */
  readonly beside: Readonly<Record<string, unknown>>
  readonly entries: readonly Entry[]
}

/** Entries whose text holds this are ours: the name of the program that they run. */
const MARK = 'hook.cjs'
const BOM = '\uFEFF'
/** A new file. */
const EMPTY = '{\n}\n'

/** The text with our entries: added last in their lists, or brought up to date in their places. Undefined: not readable. */
export function withEntries(text: string, { beside, entries }: Settings): string | undefined {
  const mark = text.startsWith(BOM) ? BOM : ''
  const given = text.slice(mark.length)
  let source = given.trim() === '' ? EMPTY : given
  if (!rootOf(source)) return undefined
  for (const [name, value] of Object.entries(beside)) {
    if (!nodeAt(source, [name])) source = withLast(source, [], name, value)
  }
  for (const { list, value } of entries) source = withEntry(source, list, value)
  return mark + source
}

/** The text without our entries. Lists that they leave empty stay. Undefined: not readable. */
export function withoutEntries(text: string, { entries }: Settings): string | undefined {
  const mark = text.startsWith(BOM) ? BOM : ''
  let source = text.slice(mark.length)
  if (source.trim() === '') return text
  if (!rootOf(source)) return undefined
  for (const { list } of entries) {
    const found = ownIn(source, nodeAt(source, list))
    if (found) source = without(source, found)
  }
  return mark + source
}

function withEntry(source: string, list: Entry['list'], value: object): string {
  const node = nodeAt(source, list)
  if (node?.type === 'array') {
    const own = ownIn(source, node)
    if (!own) return withLast(source, list, undefined, value)
    const isSame = JSON.stringify(JSON.parse(textOf(source, own))) === JSON.stringify(value)
    return isSame ? source : replaced(source, own, laidOut(value, indentOf(source, own.offset), source))
  }
  // The deepest object of the path that is there gets the rest of it.
  const [parent, rest] = deepest(source, list)
  const inner = rest.slice(1).reduceRight<unknown>((content, name) => ({ [name]: content }), [value])
  return withLast(source, parent, rest[0], inner)
}

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
  const isOneLine = !source.trim().includes('\n')
  const indent = last ? indentOf(source, last.offset) : indentOf(source, parent.offset) + unitOf(source)
  const key = name === undefined ? '' : `${JSON.stringify(name)}: `
  const content = key + (isOneLine ? JSON.stringify(value) : laidOut(value, indent, source))
  const eol = eolOf(source)
  if (!last) {
    const inner = isOneLine ? content : `${eol}${indent}${content}${eol}${indentOf(source, parent.offset)}`
    const before = source.slice(0, close)
    return (
      (before.trimEnd().endsWith(source[parent.offset] as string) ? before.trimEnd() : before) +
      inner +
      source.slice(close)
    )
  }
  const end = last.offset + last.length
  const between = source.slice(end, close)
  const hasComma = withoutComments(between).includes(',')
  const comma = hasComma ? '' : ','
  const line = between.lastIndexOf('\n')
  if (line === -1)
    return `${source.slice(0, end)}${comma}${between.trimEnd()} ${content}${source.slice(close)}`
  // After the comments of the last one, before the line of the closing bracket.
  const kept = between.slice(0, line).trimEnd()
  return `${source.slice(0, end)}${comma}${kept}${eol}${indent}${content}${eol}${between.slice(line + 1)}${source.slice(close)}`
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
    return source.slice(0, start) + comments + source.slice(end)
  }
  if (next) return source.slice(0, node.offset) + source.slice(next.offset)
  const open = (node.parent as Node).offset + 1
  const close = (node.parent as Node).offset + (node.parent as Node).length - 1
  return (
    source.slice(0, open) +
    source.slice(open, node.offset).trimEnd() +
    source.slice(end, close).trim() +
    source.slice(close)
  )
}

function replaced(source: string, node: Node, text: string): string {
  return source.slice(0, node.offset) + text + source.slice(node.offset + node.length)
}

function rootOf(source: string): Node | undefined {
  const errors: ParseError[] = []
  const root = parseTree(source, errors, { allowTrailingComma: true })
  return errors.length === 0 && root?.type === 'object' ? root : undefined
}

function nodeAt(source: string, path: readonly string[]): Node | undefined {
  const root = rootOf(source)
  return root && findNodeAtLocation(root, [...path])
}

/** Our element of a list. */
function ownIn(source: string, list: Node | undefined): Node | undefined {
  return list?.type === 'array'
    ? list.children?.find((node) => textOf(source, node).includes(MARK))
    : undefined
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

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '')
}

/** Removes the last comma that is not in a comment. */
function withoutLastComma(text: string): string {
  let at = -1
  for (const match of text.matchAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|,/g)) if (match[0] === ',') at = match.index
  return at === -1 ? text : text.slice(0, at) + text.slice(at + 1)
}
