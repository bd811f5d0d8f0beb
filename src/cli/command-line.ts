// Checks the command line as it was typed, before a command uses citty's values. citty accepts mistakes: it takes the last of
// repeated options, reads `--quiet=no` as yes, and takes the next option as the value of an option that has none.

import { parseArgs } from 'node:util'
import type { ArgsDef } from 'citty'
import { nearNames } from '../near-names.js'
import { usageError } from './arguments.js'

/** Options that may be given more than once; `repeated` reads their values. */
const REPEATED = ['allow-host', 'attach']

interface Option {
  readonly name: string
  /** The option as typed, without its value: `-f`, `--port`. */
  readonly typed: string
  /** Absent if none follows. */
  readonly value: string | undefined
  /** Given with `=`. */
  readonly isInline: boolean
}

/**
 * @param maxPositionals the most arguments that are no options. Default: as many as `known` names
 * @throws ArcError that names the first mistake
 */
export function checkCommandLine(rawArgs: readonly string[], known: ArgsDef, maxPositionals?: number): void {
  const { options, positionals } = read(rawArgs, known)
  const seen = new Set<string>()
  for (const option of options) {
    const name = checkOption(option, known)
    if (seen.has(name) && !REPEATED.includes(name)) throw usageError(`--${name} is given twice; give it once`)
    seen.add(name)
  }
  const named = Object.entries(known).filter(([, { type }]) => type === 'positional')
  for (const [i, [name, { required }]] of named.entries()) {
    if (required && (positionals[i] ?? '').trim() === '')
      throw usageError(`${name.toUpperCase()} is required; one that begins with a dash goes after --`)
  }
  const surplus = positionals[maxPositionals ?? named.length]
  if (surplus === undefined) return
  const advice = named.length > 0 ? '; put a text with spaces in quotes' : ''
  throw usageError(`unexpected argument "${surplus}"${advice}`)
}

/** The values of an option that may be given several times. */
export function repeated(rawArgs: readonly string[], known: ArgsDef, option: string): string[] {
  return read(rawArgs, known)
    .options.filter(({ name }) => name === option)
    .map(({ value = '' }) => value)
}

/** The same, of an option whose values may also be a list with commas. */
export function list(rawArgs: readonly string[], known: ArgsDef, option: string): string[] {
  return repeated(rawArgs, known, option)
    .flatMap((value) => value.split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '')
}

function read(rawArgs: readonly string[], known: ArgsDef): { options: Option[]; positionals: string[] } {
  const settings: Record<string, { type: 'string' | 'boolean'; short?: string }> = {}
  for (const [name, definition] of Object.entries(known)) {
    if (definition.type === 'positional') continue
    const type = definition.type === 'string' ? 'string' : 'boolean'
    const short = 'alias' in definition ? definition.alias : undefined
    settings[name] = typeof short === 'string' ? { type, short } : { type }
  }
  const { tokens, positionals } = parseArgs({
    ...{ args: [...rawArgs], options: settings, strict: false, allowPositionals: true },
    tokens: true,
  })
  const options = tokens.flatMap((token) => {
    if (token.kind !== 'option') return []
    const [typed = token.rawName] = (rawArgs[token.index] ?? '').split('=')
    return [{ name: token.name, typed, value: token.value, isInline: token.inlineValue === true }]
  })
  return { options, positionals }
}

/** The name of the option, without the "no-" of one that is switched off. */
function checkOption({ name, typed, value, isInline }: Option, known: ArgsDef): string {
  const positive = name.replace(/^no-/, '')
  const type = known[name]?.type ?? (known[positive]?.type === 'boolean' ? 'boolean' : 'positional')
  if (type === 'positional' && /\s/.test(typed))
    throw usageError(`"${typed}" is read as an option; a text that begins with a dash goes after --`)
  if (type === 'positional') throw usageError(`unknown option ${typed}${meant(typed, known)}`)
  if (type === 'boolean') {
    const isClear = known[name] !== undefined && (value === 'true' || value === 'false')
    if (isInline && !isClear) throw usageError(`${typed} takes no value; leave out =${value}`)
    return positive
  }
  if (value === undefined || value.trim() === '') throw usageError(`--${name} needs a value`)
  if (!isInline && value.startsWith('--')) {
    throw usageError(`--${name} needs a value; if ${value} is meant to be it, write --${name}=${value}`)
  }
  return name
}

/** A known option whose dashes or letters differ a little. */
function meant(typed: string, known: ArgsDef): string {
  const plain = (text: string) => text.replace(/[^a-z]/gi, '').toLowerCase()
  const names = Object.keys(known).filter((name) => known[name]?.type !== 'positional')
  const found = names.find((name) => plain(name) === plain(typed))
  if (found !== undefined) return `; it is written --${found}`
  const near = nearNames(typed.replace(/^-+/, ''), names).map((name) => `--${name}`)
  return near.length === 0 ? '' : `; did you mean ${near.join(' or ')}?`
}
