// What every command has in common: it is checked as it was typed before it runs, it has examples, and it prints JSON or text.

import { type ArgsDef, type CommandDef, defineCommand, type ParsedArgs } from 'citty'
import { checkCommandLine } from './command-line.js'

/** A command line, and what it is for. */
export type Example = readonly [line: string, purpose: string]

export interface Command extends CommandDef {
  readonly examples: readonly Example[]
}

export const jsonArgument = {
  json: {
    type: 'boolean',
    description: 'Print JSON, one value a line, also on a terminal',
    negativeDescription: 'Print text for people, also into a pipe',
  },
} as const satisfies ArgsDef

interface Definition<A extends ArgsDef> {
  readonly args: A
  readonly examples: readonly Example[]
  run(given: ParsedArgs<A & typeof jsonArgument>, rawArgs: string[]): Promise<void>
}

/** A command that prints results: it takes `--json`. */
export function command<const A extends ArgsDef>({ args, examples, run }: Definition<A>): Command {
  const all = { ...args, ...jsonArgument }
  const definition = defineCommand({
    args: all as ArgsDef,
    async run({ args: given, rawArgs }) {
      checkCommandLine(rawArgs, all)
      await run(given as ParsedArgs<A & typeof jsonArgument>, rawArgs)
    },
  })
  return { ...definition, examples }
}
