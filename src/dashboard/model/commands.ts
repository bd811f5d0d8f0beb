// Reads the operator's input: a text to post, or a command after a slash. Pure: it executes nothing.

export type Line =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'nick'; readonly name: string }
  | { readonly kind: 'channels' }
  | { readonly kind: 'channel'; readonly name: string }
  | { readonly kind: 'create-channel'; readonly name: string }
  | { readonly kind: 'dm'; readonly agent: string; readonly text: string }
  | { readonly kind: 'network'; readonly allowRemote: boolean }
  | { readonly kind: 'quit'; readonly delaySec: number }
  | { readonly kind: 'help' }
  /** A mistyped command; `reason` says what is wrong. */
  | { readonly kind: 'wrong'; readonly reason: string }

export interface CommandHelp {
  readonly name: string
  readonly usage: string
  readonly does: string
}

export const COMMANDS: readonly CommandHelp[] = [
  { name: 'nick', usage: '/nick NAME', does: 'changes your display name' },
  { name: 'channels', usage: '/channels', does: 'lists the channels' },
  { name: 'channel', usage: '/channel NAME', does: 'goes to a channel' },
  { name: 'create-channel', usage: '/create-channel NAME', does: 'makes a channel and goes there' },
  { name: 'dm', usage: '/dm AGENT TEXT', does: 'sends a direct message' },
  { name: 'network', usage: '/network on|off', does: 'serves other machines, or this one alone' },
  { name: 'quit', usage: '/quit [SECONDS]', does: 'shuts the hub down, after 60 seconds unless told' },
  { name: 'exit', usage: '/exit [SECONDS]', does: 'the same as /quit' },
  { name: 'help', usage: '/help', does: 'shows the commands and the keys' },
]

const QUIT_DELAY = { default: 60, max: 3_600 } as const

/** Reads one input. Two slashes at the start mean a text that begins with one slash. */
export function readLine(input: string): Line {
  const line = input.trim()
  if (line.startsWith('//')) return { kind: 'text', text: line.slice(1) }
  if (!line.startsWith('/')) return { kind: 'text', text: line }
  const [, name = '', rest = ''] = /^\/(\S*)\s*([\s\S]*)$/.exec(line) ?? []
  switch (name.toLowerCase()) {
    case 'nick':
      return rest === '' ? usage('nick') : { kind: 'nick', name: rest }
    case 'channels':
      return { kind: 'channels' }
    case 'channel':
      return rest === '' ? usage('channel') : { kind: 'channel', name: withoutHash(rest) }
    case 'create-channel':
      return rest === '' ? usage('create-channel') : { kind: 'create-channel', name: withoutHash(rest) }
    case 'dm': {
      const [, agent, text] = /^(\S+)\s+([\s\S]+)$/.exec(rest) ?? []
      return agent && text ? { kind: 'dm', agent: agent.replace(/^@(?=.)/, ''), text } : usage('dm')
    }
    case 'network': {
      const setting = rest.toLowerCase()
      return setting === 'on' || setting === 'off'
        ? { kind: 'network', allowRemote: setting === 'on' }
        : usage('network')
    }
    case 'quit':
    case 'exit': {
      if (rest === '') return { kind: 'quit', delaySec: QUIT_DELAY.default }
      const delaySec = Number(rest)
      return /^[0-9]+$/.test(rest) && delaySec <= QUIT_DELAY.max
        ? { kind: 'quit', delaySec }
        : { kind: 'wrong', reason: `SECONDS is a whole number up to ${QUIT_DELAY.max}` }
    }
    case 'help':
      return { kind: 'help' }
    default:
      return {
        kind: 'wrong',
        reason: `There is no command /${name}. /help lists them; to post a text that begins with a slash, begin it with two.`,
      }
  }
}

/** The commands that begin with a half-typed line. */
export function suggestions(input: string): readonly CommandHelp[] {
  const [, typed] = /^\/([a-z-]*)$/i.exec(input) ?? []
  if (typed === undefined) return []
  return COMMANDS.filter(({ name }) => name.startsWith(typed.toLowerCase()))
}

function usage(name: string): Line {
  return { kind: 'wrong', reason: `Usage: ${COMMANDS.find((command) => command.name === name)?.usage}` }
}

function withoutHash(name: string): string {
  return name.length > 1 ? name.replace(/^#/, '') : name
}
