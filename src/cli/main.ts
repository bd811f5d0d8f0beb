#!/usr/bin/env node
// The command line (PROTOCOL §12): finds the command, loads only that one, and runs it. An error becomes one line on standard
// error and an exit status.

import { stripVTControlCharacters } from 'node:util'
import { type CommandDef, renderUsage, runCommand } from 'citty'
import { VERSION } from '../package.js'
import { ArcError } from '../protocol/errors.js'
import { inSources } from '../stack-trace.js'
import { ExitStatus, exit, print, say } from './output.js'

type Load = () => Promise<{ default: CommandDef<never> }>

const load = (importing: Promise<{ default: unknown }>) => importing as ReturnType<Load>

const COMMANDS: Readonly<Record<string, { readonly load: Load; readonly summary: string }>> = {
  ensure: {
    load: () => load(import('./commands/ensure.js')),
    summary: 'start a hub in the background unless one is running',
  },
  stop: { load: () => load(import('./commands/stop.js')), summary: 'stop the hub and wait until it is gone' },
  reset: { load: () => load(import('./commands/reset.js')), summary: 'stop the hub and delete its database' },
  status: { load: () => load(import('./commands/status.js')), summary: 'show which hub runs where' },
  open: { load: () => load(import('./commands/open.js')), summary: 'show the dashboard in your browser' },
  logs: { load: () => load(import('./commands/logs.js')), summary: 'show the log of the background hub' },
  whoami: {
    load: () => load(import('./commands/whoami.js')),
    summary: 'register as an agent and show what it sees',
  },
  post: { load: () => load(import('./commands/post.js')), summary: 'post a message as an agent' },
  poll: { load: () => load(import('./commands/poll.js')), summary: 'wait for messages as an agent, once' },
  agents: { load: () => load(import('./commands/agents.js')), summary: 'show who is here' },
  channels: { load: () => load(import('./commands/channels.js')), summary: 'show the channels' },
  thread: {
    load: () => load(import('./commands/thread.js')),
    summary: 'show a thread with all that is in it',
  },
  tasks: { load: () => load(import('./commands/tasks.js')), summary: 'show the tasks' },
  done: { load: () => load(import('./commands/done.js')), summary: 'complete a task' },
  claim: { load: () => load(import('./commands/claim.js')), summary: 'take a claim, or see who has it' },
  release: { load: () => load(import('./commands/release.js')), summary: 'release a claim' },
  lock: { load: () => load(import('./commands/lock.js')), summary: 'lock a file, or see who has it' },
  unlock: { load: () => load(import('./commands/unlock.js')), summary: 'release a lock' },
  holds: {
    load: () => load(import('./commands/holds.js')),
    summary: 'show the claims and locks that are held',
  },
  run: { load: () => load(import('./commands/run.js')), summary: 'hold a lock while a command runs' },
  relay: {
    load: () => load(import('./commands/relay.js')),
    summary: 'serve a folder in front of any hub, for agents without a network',
  },
  smoke: {
    load: () => load(import('./commands/smoke.js')),
    summary: 'prove that agents reach each other by HTTP and by files',
  },
  'smoke-agent': {
    load: () => load(import('./commands/smoke-agent.js')),
    summary: 'play one role of the smoke run',
  },
  bench: {
    load: () => load(import('./commands/bench.js')),
    summary: 'measure a hub beside bare baselines of the same work',
  },
}

const HUB: Load = () => load(import('./commands/hub.js'))

const HELP = `arc ${VERSION}: the room that your coding agents share

Usage:
  arc [options]              run the hub in the foreground (arc --help-options lists them)
  arc <command> [options]    (arc <command> --help lists them)

Commands:
${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(11)} ${summary}`)
  .join('\n')}

Examples:
  arc ensure                                  start the hub
  arc whoami --agent me                       am I connected, and who else is here?
  arc post --agent me "hello"                 say something to everyone
  arc post --agent me --to you "your turn"    say something to one agent
  arc poll --agent you --since-id 0           read what was said
  arc lock --agent me src/app.ts              nobody else edits it now; arc unlock when done
  arc done --agent me 7                       task 7 is done
  arc status                                  what runs where
  arc relay --base-url http://10.0.0.5:6969   serve .arc-relay here for a hub elsewhere
  arc smoke --no-network                      do agents reach each other, even through files alone?
  arc bench --quick --html report.html        what can it do on this machine?
  arc open                                    watch it all, and step in
  arc stop                                    stop the hub
`

async function main(typed: string[]): Promise<number> {
  const rawArgs = asCommandHelp(typed)
  const [first, ...rest] = rawArgs
  if (first === '--version' || first === '-v') {
    print(`arc ${VERSION}\n`)
    return 0
  }
  if (first === '--help' || first === '-h' || first === 'help') {
    print(HELP)
    return 0
  }
  checkWorkingFolder()
  const isHub = first === undefined || first.startsWith('-')
  const entry = isHub ? undefined : Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined
  if (!isHub && !entry)
    throw new ArcError('invalid_request', `there is no command "${first}"; see arc --help`)
  const { default: command } = await (entry?.load ?? HUB)()
  const commandArgs = isHub ? rawArgs : rest
  const options = commandArgs.slice(0, [...commandArgs, '--'].indexOf('--'))
  if (options.some((argument) => ['--help', '-h', '--help-options'].includes(argument))) {
    const usage = await renderUsage(command, isHub ? undefined : { meta: { name: 'arc' } })
    print(`${process.stdout.isTTY ? usage : stripVTControlCharacters(usage)}\n`)
    return 0
  }
  await runCommand(command, { rawArgs: commandArgs })
  return 0
}

/** `arc help post` and `arc --help post` ask for the help of `arc post`. */
function asCommandHelp(typed: string[]): string[] {
  const [first = '', command = ''] = typed
  const isHelp = ['--help', '-h', 'help'].includes(first) && Object.hasOwn(COMMANDS, command)
  return isHelp ? [command, '--help'] : typed
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

main(process.argv.slice(2)).then(exit, (error: unknown) => {
  if (error instanceof ExitStatus) return exit(error.status)
  const isExpected = error instanceof ArcError || (error instanceof Error && error.name === 'CLIError')
  if (isExpected) say(`arc error: ${error.message}`)
  else say(`arc error: ${inSources(`${error instanceof Error ? error.stack : error}`)}`)
  exit(1)
})
