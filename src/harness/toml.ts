// Edits of a TOML file, as texts: Arc's table is added at the end, brought up to date line by line, or taken out. No editor of TOML
// keeps every byte, so lines are cut and put together here, and the parser proves the outcome: the edited text must have just the
// values that were to change. If it has not, or can't be read, nothing is edited. Pure.

import { isDeepStrictEqual } from 'node:util'
import { parse, stringify } from 'smol-toml'

/** A table of ours, and its members. */
export interface Table {
  readonly path: readonly string[]
  readonly value: Readonly<Record<string, string | readonly string[]>>
  /** Whether a table of that name is Arc's. */
  isOurs(value: unknown): boolean
}

type Values = Record<string, unknown>

const BOM = '\uFEFF'
/** A line that begins a table. */
const HEADER = /^[ \t]*\[/

/** `taken`: a table of another program has the name. Undefined: not readable, or not to be edited line by line. */
export function withTable(text: string, table: Table): string | 'taken' | undefined {
  const before = valuesIn(text)
  if (!before) return undefined
  const present = valueAt(before, table.path)
  if (present !== undefined && !table.isOurs(present)) return 'taken'
  const value = { ...(present as Values | undefined), ...table.value }
  if (!isTableOrNone(valueAt(before, table.path.slice(0, -1)))) return undefined
  if (isDeepStrictEqual(present, value)) return text
  const after = present === undefined ? appended(text, table) : updated(text, table, present as Values)
  const expected = structuredClone(before)
  put(expected, table.path, value)
  return after !== undefined && isDeepStrictEqual(valuesIn(after), expected) ? after : undefined
}

/** Undefined: not readable, or not to be edited line by line. */
export function withoutTable(text: string, table: Table): string | undefined {
  const before = valuesIn(text)
  if (!before) return undefined
  const present = valueAt(before, table.path)
  if (present === undefined || !table.isOurs(present)) return text
  const lines = linesOf(text)
  const headers = headersIn(lines)
  for (let at = lines.length - 1; at >= 0; at--) {
    if (!headers.has(at) || !isHeaderOf(lines[at] as string, table.path)) continue
    const start = lines[at - 1]?.trim() === '' ? at - 1 : at
    lines.splice(start, endOf(lines, at) - start)
  }
  const after = lines.join('')
  const expected = structuredClone(before)
  put(expected, table.path, undefined)
  const isProven = [expected, withoutEmpty(expected, table.path)].some((one) =>
    isDeepStrictEqual(valuesIn(after), one),
  )
  return isProven ? after : undefined
}

/** The table as it stands in a file. */
export function tableText({ path, value }: Table, eol = '\n'): string {
  return `[${path.join('.')}]\n${stringify(value)}`.replaceAll('\n', eol)
}

function appended(text: string, table: Table): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const isEmpty = text.replace(BOM, '').trim() === ''
  const gap = isEmpty ? '' : text.endsWith('\n') ? eol : eol + eol
  return text + gap + tableText(table, eol)
}

function updated(text: string, { path, value }: Table, present: Values): string | undefined {
  const lines = linesOf(text)
  const headers = headersIn(lines)
  const at = lines.findIndex((line, i) => headers.has(i) && nameIn(line) === path.join('.'))
  if (at === -1) return undefined
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  for (const [name, own] of Object.entries(value)) {
    if (isDeepStrictEqual(present[name], own)) continue
    const line = stringify({ [name]: own }).replaceAll('\n', eol)
    const end = endOf(lines, at)
    const old = lines.findIndex((one, i) => i > at && i < end && one.trimStart().split(/[\s=]/)[0] === name)
    if (old !== -1) lines[old] = line
    else {
      lines[end - 1] = `${(lines[end - 1] as string).trimEnd()}${eol}`
      lines.splice(end, 0, line)
    }
  }
  return lines.join('')
}

/** After the last line of a table that says something: comments after it belong to what follows. */
function endOf(lines: readonly string[], start: number): number {
  let end = start + 1
  for (let i = end; i < lines.length && !HEADER.test(lines[i] as string); i++) {
    if (/^\s*[^\s#]/.test(lines[i] as string)) end = i + 1
  }
  return end
}

/** The lines that begin tables. What looks like one in a text of several lines begins none. */
function headersIn(lines: readonly string[]): Set<number> {
  const headers = new Set<number>()
  let quotes: string | undefined
  for (const [i, line] of lines.entries()) {
    if (quotes === undefined && HEADER.test(line)) headers.add(i)
    for (const [one] of line.matchAll(/"""|'''/g)) {
      if (quotes === undefined) quotes = one
      else if (quotes === one) quotes = undefined
    }
  }
  return headers
}

const isTableOrNone = (value: unknown) => value === undefined || (typeof value === 'object' && value !== null)

/** A header of the table, or of one below it. */
function isHeaderOf(line: string, path: readonly string[]): boolean {
  const name = nameIn(line)
  return name === path.join('.') || name?.startsWith(`${path.join('.')}.`) === true
}

/** The name in a header, without its quotes and spaces. */
function nameIn(line: string): string | undefined {
  return /^\s*\[([^[\]]+)\]/.exec(line)?.[1]?.replace(/["'\s]/g, '')
}

const linesOf = (text: string): string[] => text.split(/(?<=\n)/)

/** The values as JSON, which is enough to tell whether they are the same. */
function valuesIn(text: string): Values | undefined {
  try {
    const values = parse(text.replace(BOM, ''), { integersAsBigInt: 'asNeeded' })
    return JSON.parse(JSON.stringify(values, (_, value) => (typeof value === 'bigint' ? `${value}n` : value)))
  } catch {
    return undefined
  }
}

function valueAt(values: Values, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, name) => (inner as Values | undefined)?.[name], values)
}

function put(values: Values, path: readonly string[], value: unknown): void {
  const [name = '', ...rest] = path
  if (rest.length > 0) {
    values[name] ??= {}
    put(values[name] as Values, rest, value)
  } else if (value === undefined) delete values[name]
  else values[name] = value
}

/** Without the table around ours, if it holds nothing else. */
function withoutEmpty(values: Values, path: readonly string[]): Values {
  const around = path.slice(0, -1)
  const held = valueAt(values, around)
  if (Object.keys((held as object | undefined) ?? {}).length > 0) return values
  const copy = structuredClone(values)
  put(copy, around, undefined)
  return copy
}
