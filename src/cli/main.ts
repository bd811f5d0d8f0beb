// The command line (PROTOCOL §12): finds the command, loads only that one, and runs it. An error becomes one line on standard
// error and an exit status.

import { runCommand } from 'citty'
import { nearNames } from '../near-names.js'
import { version } from '../package.js'
import { ArcError } from '../protocol/errors.js'
import { UsageError, usageError } from './arguments.js'
import { loaded } from './command.js'
import { ExitStatus, exit, print, say, USAGE_STATUS } from './output.js'
import { COMMANDS, commandAt, HUB, verbsOf } from './registry.js'

const HELP = ['--help', '-h', 'help']

async function main(typed: string[]): Promise<number> {
  const [first = ''] = typed
  if (first === '--version' || first === '-v') {
    print(`arc ${version()}\n`)
    return 0
  }
  const line = HELP.includes(first) && commandAt(typed.slice(1)) ? asCommandHelp(typed.slice(1)) : typed
  if (HELP.includes(line[0] ?? '')) {
    const { generalHelp, terminalWidth } = await import('./help.js')
    print(generalHelp(terminalWidth()))
    return 0
  }
  checkWorkingFolder()
  const isHub = line[0] === undefined || line[0].startsWith('-')
  const name = isHub ? '' : commandAt(line)
  const entry = isHub ? HUB : COMMANDS.get(name ?? '')
  if (name === undefined || !entry) throw noSuchCommand(line)
  const rawArgs = isHub ? line : line.slice(name.split(' ').length)
  const options = rawArgs.slice(0, [...rawArgs, '--'].indexOf('--'))
  const command = await loaded(entry)
  if (options.some((argument) => ['--help', '-h', '--help-options'].includes(argument))) {
    const { commandHelp, terminalWidth } = await import('./help.js')
    print(commandHelp(name, entry.summary, command, terminalWidth()))
    return 0
  }
  await runCommand(command, { rawArgs, data: COMMANDS })
  return 0
}

/** `arc help post` and `arc --help post` ask for the help of `arc post`. */
function asCommandHelp(typed: string[]): string[] {
  return [...(commandAt(typed) ?? '').split(' '), '--help']
}

function noSuchCommand(line: readonly string[]): UsageError {
  const [noun = ''] = line
  const verbs = verbsOf(noun)
  if (verbs.length > 0) return usageError(`"arc ${noun}" is followed by a verb: arc ${verbs.join(', arc ')}`)
  const near = nearNames(noun, [...COMMANDS.keys()])
  const meant = near.length > 0 ? `; did you mean ${near.map((name) => `arc ${name}`).join(' or ')}?` : ''
  return usageError(`there is no command "${noun}"${meant}`)
}

/** Commands look for files from the working folder upward, and start processes in it. @throws ArcError if it is gone */
function checkWorkingFolder(): void {
  try {
    process.cwd()
  } catch (error) {
    const text = `the working folder can't be used, it may have been deleted (${(error as Error).message}): cd to another`
    throw new ArcError('start_failed', text)
  }
}

/** Where the mistake on the command line is explained. */
function helpFor(typed: readonly string[]): string {
  const [first = ''] = typed
  if (first === '' || first.startsWith('-')) return 'arc --help-options'
  return ['arc', commandAt(typed), '--help'].filter((word) => word !== undefined).join(' ')
}

const typed = process.argv.slice(2)

main(typed).then(exit, async (error: unknown) => {
  if (error instanceof ExitStatus) return exit(error.status)
  if (error instanceof UsageError || (error instanceof Error && error.name === 'CLIError')) {
    say(`arc error: ${error.message}; see ${helpFor(typed)}`)
    return exit(USAGE_STATUS)
  }
  if (error instanceof Error && error.name === 'ArcError') {
    say(`arc error: ${error.message}`)
    return exit(1)
  }
  const { inSources } = await import('../stack-trace.js')
  say(...`arc error: ${inSources(`${error instanceof Error ? error.stack : error}`)}`.split('\n'))
  return exit(1)
})
