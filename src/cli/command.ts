// What every command has in common: it is checked as it was typed before it runs, it has examples, and, if it prints results,
// it takes `--json`.

import type { ArgDef, ArgsDef, CommandDef, ParsedArgs } from 'citty'
import { checkCommandLine } from './command-line.js'

/** A command line, and what it is for. */
export type Example = readonly [line: string, purpose: string]

export interface Command extends CommandDef {
  readonly args: ArgsDef
  /** The arguments that have to be given. */
  readonly required?: readonly string[]
  readonly examples: readonly Example[]
  /** What follows `--` is another command's line. */
  readonly wrapsCommand?: true | undefined
}

/** A command that is not loaded yet. */
export interface Entry {
  readonly load: () => Promise<{ readonly default: unknown }>
  readonly summary: string
}

/** All commands, by name. */
export type Commands = ReadonlyMap<string, Entry>

const jsonArgument = {
  json: {
    type: 'boolean',
    description: 'Print JSON, one value a line, also on a terminal',
    negativeDescription: 'Print text for people, also into a pipe',
  },
} as const satisfies ArgsDef

interface Definition<Args extends ArgsDef, Given extends ArgsDef> {
  readonly args: Args
  readonly examples: readonly Example[]
  /** The most arguments that are no options. Default: as many as `args` names. */
  readonly maxPositionals?: number
  /** What follows `--` is another command's line. */
  readonly wrapsCommand?: true
  run(given: ParsedArgs<Given>, rawArgs: string[], all: Commands): Promise<void>
}

/** A command that prints results. */
export function command<const A extends ArgsDef>(
  definition: Definition<A, A & typeof jsonArgument>,
): Command {
  return checked({ ...jsonArgument, ...definition.args }, definition)
}

/** A command without results: it serves, or runs another command. */
export function silentCommand<const A extends ArgsDef>(definition: Definition<A, A>): Command {
  return checked(definition.args, definition)
}

function checked<A extends ArgsDef, G extends ArgsDef>(args: ArgsDef, definition: Definition<A, G>): Command {
  const { examples, maxPositionals, wrapsCommand } = definition
  const run: CommandDef['run'] = async ({ args: given, rawArgs, data }) => {
    const own = wrapsCommand ? rawArgs.slice(0, [...rawArgs, '--'].indexOf('--')) : rawArgs
    checkCommandLine(own, args, maxPositionals)
    await definition.run(given as ParsedArgs<G>, rawArgs, data as Commands)
  }
  const required = Object.keys(args).filter((name) => isRequired(args[name] as ArgDef))
  return { args: optional(args), required, examples, run, wrapsCommand }
}

function isRequired({ type, required }: ArgDef): boolean {
  return type === 'positional' && required === true
}

/** What is missing is told by `checkCommandLine`, after a mistake in what is there. */
function optional(args: ArgsDef): ArgsDef {
  const changed = Object.entries(args).map(([name, each]) => [
    name,
    isRequired(each) ? ({ ...each, required: false } as ArgDef) : each,
  ])
  return Object.fromEntries(changed)
}

export async function loaded({ load }: Entry): Promise<Command> {
  return (await load()).default as Command
}
