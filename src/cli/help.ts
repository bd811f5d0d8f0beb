// The help of `arc` and of each command, from the commands' own definitions, wrapped to the width of the terminal.

import type { ArgDef } from 'citty'
import { version } from '../package.js'
import type { Command, Example } from './command.js'
import { GROUPS } from './registry.js'

const WIDTH = 80
/** What a name may take of the width before its description begins on the next line. */
const WIDEST_NAME = 26
const GAP = 2

const EXAMPLES: readonly Example[] = [
  ['arc ensure', 'start the hub'],
  ['arc whoami --agent me', 'am I connected, who else is here?'],
  ['arc post --agent me "hello"', 'say something to everyone'],
  ['arc post --agent me --to you "your turn"', 'say something to one agent'],
  ['arc poll --agent you', 'read what is new'],
  ['arc lock --agent me src/app.ts', 'nobody else edits it now'],
  ['arc done --agent me 7', 'task 7 is done'],
  ['arc smoke --no-network', 'do agents reach each other by files?'],
  ['arc open', 'watch it all, and step in'],
  ['arc stop', 'stop the hub'],
]

/** The columns to write in. */
export const terminalWidth = (): number => Math.max(40, process.stdout.columns ?? WIDTH)

export function generalHelp(columns: number): string {
  const groups = Object.entries(GROUPS).map(([heading, commands]) => {
    const rows = Object.entries(commands).map(([name, { summary }]) => [name, summary] as const)
    return [`${heading}:`, ...aligned(rows, columns)]
  })
  const usage = [
    ['arc [options]', 'run the hub in the foreground; arc --help-options lists the options'],
    ['arc <command> [options]', 'arc <command> --help lists the options'],
  ] as const
  const parts = [
    [`arc ${version()}: the room that your coding agents share`],
    ['Usage:', ...aligned(usage, columns)],
    ...groups,
    ['Examples:', ...aligned(EXAMPLES, columns, columns)],
  ]
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

/** @param name as it is typed after `arc`; empty for the hub in the foreground */
export function commandHelp(name: string, summary: string, command: Command, columns: number): string {
  const { args, required = [], examples, wrapsCommand } = command
  const all = Object.entries(args)
  const positionals = all.filter(([, { type }]) => type === 'positional')
  const options = all.filter(([, { type }]) => type !== 'positional')
  const places = wrapsCommand ? ['-- COMMAND …'] : positionals.map((each) => placeOf(each, required))
  const typed = ['arc', name, options.length > 0 ? '[options]' : '', ...places]
  const sections = [
    wrapped(`${['arc', name].filter(Boolean).join(' ')}: ${summary}`, columns, 0),
    wrapped(`Usage: ${typed.filter(Boolean).join(' ')}`, columns, 7),
  ]
  if (positionals.length > 0) {
    const rows = positionals.map(([key, { description }]) => [key.toUpperCase(), description ?? ''] as const)
    sections.push(['Arguments:', ...aligned(rows, columns)])
  }
  if (options.length > 0) sections.push(['Options:', ...aligned(options.flatMap(optionRows), columns)])
  sections.push(['Examples:', ...aligned(examples, columns, columns)])
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function placeOf([name, { valueHint }]: [string, ArgDef], required: readonly string[]): string {
  const place = `${name.toUpperCase()}${valueHint === '…' ? '…' : ''}`
  return required.includes(name) ? place : `[${place}]`
}

function optionRows([name, option]: [string, ArgDef]): (readonly [string, string])[] {
  const { description = '', valueHint } = option
  const alias = 'alias' in option && typeof option.alias === 'string' ? `-${option.alias}, ` : ''
  if (option.type !== 'boolean') return [[`${alias}--${name} <${valueHint ?? name}>`, description]]
  const negative = option.negativeDescription
  const rows: (readonly [string, string])[] =
    option.default === true ? [] : [[`${alias}--${name}`, description]]
  return negative === undefined ? rows : [...rows, [`--no-${name}`, negative]]
}

/** Names and their descriptions in two columns. A long name has a line of its own. */
function aligned(rows: readonly Example[], columns: number, widestName = WIDEST_NAME): string[] {
  const longest = Math.max(...rows.map(([name]) => name.length))
  const fits = longest + Math.max(...rows.map(([, text]) => text.length)) + 2 * GAP <= columns
  const nameWidth = fits ? longest : Math.min(longest, widestName, WIDEST_NAME)
  const indent = GAP + nameWidth + GAP
  return rows.flatMap(([name, text]) => {
    const lines = wrapped(text, columns, indent, indent)
    const isShort = name.length <= nameWidth
    if (!isShort) return [`${' '.repeat(GAP)}${name}`, ...lines]
    const [first = '', ...rest] = lines
    return [`${' '.repeat(GAP)}${name.padEnd(nameWidth)}${first.slice(GAP + nameWidth)}`.trimEnd(), ...rest]
  })
}

/** The text in lines of at most `columns`, all but the first indented; `begin` indents the first. */
function wrapped(text: string, columns: number, indent: number, begin = 0): string[] {
  const lines: string[] = []
  let line = ' '.repeat(begin)
  let isEmpty = true
  for (const word of text.split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > columns) {
      lines.push(line)
      line = ' '.repeat(indent)
      isEmpty = true
    }
    line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, line]
}
