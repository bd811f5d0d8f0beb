// The scripts by which shells complete `arc`, made from the commands' own definitions. Each names all commands and options, so
// that a shell starts no process to complete a word.

import type { ArgDef } from 'citty'
import { type Commands, loaded } from './command.js'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

interface Option {
  readonly name: string
  readonly alias: string | undefined
  readonly description: string
  /** Undefined: it takes none. */
  readonly value: string | undefined
}

interface Described {
  /** One word or two. */
  readonly name: string
  readonly summary: string
  readonly options: readonly Option[]
}

/** What names a file or a folder. */
const PATHS = ['file', 'folder', 'path']

export async function completionFor(shell: Shell, all: Commands): Promise<string> {
  const commands: Described[] = []
  for (const [name, entry] of all) {
    const { args } = await loaded(entry)
    const options = Object.entries(args).filter(([, { type }]) => type !== 'positional')
    commands.push({ name, summary: entry.summary, options: options.flatMap(described) })
  }
  return WRITERS[shell](commands)
}

function described([name, option]: [string, ArgDef]): Option[] {
  const { description = '' } = option
  const alias = 'alias' in option && typeof option.alias === 'string' ? option.alias : undefined
  if (option.type !== 'boolean') return [{ name, alias, description, value: `${option.valueHint ?? name}` }]
  const negative = option.negativeDescription
  const positive = { name, alias, description, value: undefined }
  if (negative === undefined) return [positive]
  return [positive, { name: `no-${name}`, alias: undefined, description: negative, value: undefined }]
}

/** The first words, each once, and what follows those that are nouns. */
function words(commands: readonly Described[]): { first: Map<string, string>; verbs: Map<string, string[]> } {
  const first = new Map<string, string>()
  const verbs = new Map<string, string[]>()
  for (const { name, summary } of commands) {
    const [noun = '', verb] = name.split(' ')
    first.set(noun, verb === undefined ? summary : (first.get(noun) ?? `${noun}: ${verb}, …`))
    if (verb !== undefined) verbs.set(noun, [...(verbs.get(noun) ?? []), verb])
  }
  return { first, verbs }
}

const dashed = ({ name, alias }: Option) => [`--${name}`, ...(alias === undefined ? [] : [`-${alias}`])]

/** In single quotes, which all three shells read alike but for a quote itself. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

function bash(commands: readonly Described[]): string {
  const { first, verbs } = words(commands)
  const paths = new Set(
    commands.flatMap(({ options }) =>
      options.filter(({ value = '' }) => PATHS.includes(value)).flatMap(dashed),
    ),
  )
  const cases = commands.map(
    ({ name, options }) => `    ${quoted(name)}) options=${quoted(options.flatMap(dashed).join(' '))} ;;`,
  )
  const nouns = [...verbs].map(([noun, following]) => `    ${noun}) words=${quoted(following.join(' '))} ;;`)
  return `# bash completion for arc. To use it now: source <(arc completion bash)
_arc() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  local command=\${COMP_WORDS[1]} options='' words=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ${quoted([...first.keys()].join(' '))} -- "$word"))
    return
  fi
  case $command in
${nouns.join('\n')}
  esac
  if [ -n "$words" ]; then
    if [ "$COMP_CWORD" -eq 2 ]; then
      COMPREPLY=($(compgen -W "$words" -- "$word"))
      return
    fi
    command="$command \${COMP_WORDS[2]}"
  fi
  case $command in
${cases.join('\n')}
  esac
  case $previous in
    ${[...paths].join('|')}) COMPREPLY=($(compgen -f -- "$word")); return ;;
  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$options --help" -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}
complete -o filenames -F _arc arc
`
}

function zsh(commands: readonly Described[]): string {
  const { first, verbs } = words(commands)
  const colons = (text: string) => text.replaceAll(':', '\\:')
  const named = [...first].map(([word, summary]) => `    ${quoted(`${colons(word)}:${summary}`)}`)
  const brackets = (text: string) => text.replace(/[[\]\\]/g, '\\$&')
  const specs = ({ options }: Described) =>
    options.flatMap((option) =>
      dashed(option).map((dash) => {
        const { value, description } = option
        const action =
          value === undefined ? '' : `:${colons(value)}:${PATHS.includes(value) ? '_files' : ' '}`
        return `      ${quoted(`*${dash}[${brackets(description)}]${action}`)}`
      }),
    )
  const cases = commands.map(
    (one) =>
      `    ${quoted(one.name)}) _arguments \\\n${[...specs(one), "      '*:argument:_files'"].join(' \\\n')} ;;`,
  )
  const nouns = [...verbs].map(([noun, following]) => `    ${noun}) verbs=(${following.join(' ')}) ;;`)
  return `#compdef arc
# zsh completion for arc. To use it now: source <(arc completion zsh)
_arc() {
  local -a commands verbs
  commands=(
${named.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  local command=$words[2]
  case $command in
${nouns.join('\n')}
  esac
  if (( $#verbs )); then
    if (( CURRENT == 3 )); then
      compadd -a verbs
      return
    fi
    command="$command $words[3]"
    shift words
    (( CURRENT-- ))
  fi
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
compdef _arc arc
`
}

function fish(commands: readonly Described[]): string {
  const { first } = words(commands)
  const text = (of: string) => `'${of.replace(/['\\]/g, '\\$&')}'`
  const lines = [...first].map(
    ([word, summary]) => `complete -c arc -f -n __fish_use_subcommand -a ${word} -d ${text(summary)}`,
  )
  for (const { name, summary, options } of commands) {
    const [noun = '', verb] = name.split(' ')
    const seen = `__fish_seen_subcommand_from ${noun}`
    if (verb !== undefined)
      lines.push(
        `complete -c arc -f -n ${text(`${seen}; and not __fish_seen_subcommand_from ${verb}`)} -a ${verb} -d ${text(summary)}`,
      )
    const when = verb === undefined ? seen : `${seen}; and __fish_seen_subcommand_from ${verb}`
    for (const { name: option, alias, description, value } of options) {
      const short = alias === undefined ? '' : ` -s ${alias}`
      const takes = value === undefined ? '' : PATHS.includes(value) ? ' -r -F' : ' -x'
      lines.push(`complete -c arc -n ${text(when)} -l ${option}${short}${takes} -d ${text(description)}`)
    }
  }
  return `# fish completion for arc. To use it now: arc completion fish | source\n${lines.join('\n')}\n`
}

const WRITERS: Readonly<Record<Shell, (commands: readonly Described[]) => string>> = { bash, zsh, fish }
