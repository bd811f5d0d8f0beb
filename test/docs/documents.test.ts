// The documents keep up with the program: each command line in them is one that `arc` takes, and each link leads somewhere.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { agentArguments } from '../../src/cli/agent-arguments.js'
import { loaded } from '../../src/cli/command.js'
import { checkCommandLine } from '../../src/cli/command-line.js'
import { COMMANDS, commandAt, HUB } from '../../src/cli/registry.js'
import {
  anchors,
  arcLines,
  type CommandLine,
  commandLines,
  documents,
  links,
  quotedErrors,
  ROOT,
  sources,
} from './documents.js'

/** What README links and the package leaves out: pages for those who work on Arc, the pictures, and what needs a clone. */
const NOT_PACKED = /ARCHITECTURE|PERFORMANCE|CONTRIBUTING|^docs\/images|^examples/
/** Commands that take any number of arguments. */
const ANY_NUMBER = ['scope', 'setup', 'bench']
/** What stands for a command, or asks for help or the version. */
const NO_COMMAND = /^(<command>|help|X\.Y\.Z|--?(v|version|h|help))$/
/** Commands that find their agent by themselves. */
const OWN_AGENT = ['hook', 'mcp']
const DOCUMENTS = documents()

t.test('a shell line is split as a shell splits it', async (t) => {
  const lines: [string, string[][]][] = [
    ['arc ensure   # starts a hub', [['ensure']]],
    ['npm test 2>&1 | arc post --agent me "a; b" > x.json', [['post', '--agent', 'me', 'a; b']]],
    [
      'cd x && arc wait --agent a && arc poll --agent a',
      [
        ['wait', '--agent', 'a'],
        ['poll', '--agent', 'a'],
      ],
    ],
    ['source <(arc completion bash)', [['completion', 'bash']]],
    ['id=$(arc whoami --agent <your-name>)', [['whoami', '--agent', '<your-name>']]],
    ['ARC_BASE_URL=http://a npx -y --package ./a.tgz arc status; echo arc', [['status']]],
    ["arc reply --agent me 1 'it''s'", [['reply', '--agent', 'me', '1', 'its']]],
  ]
  for (const [line, words] of lines) t.strictSame(arcLines(line), words, line)
})

/** What `arc` would say against it, or undefined. */
async function refusal({ words, isWhole }: CommandLine): Promise<string | undefined> {
  const [first = ''] = words
  if (NO_COMMAND.test(first)) return undefined
  const isHub = first === '' || first.startsWith('-')
  const name = isHub ? '' : commandAt(words)
  const entry = isHub ? HUB : COMMANDS.get(name ?? '')
  if (name === undefined || !entry) return 'there is no such command'
  const { args } = await loaded(entry)
  const given = words.slice(isHub ? 0 : name.split(' ').length)
  const own = given.slice(0, [...given, '--'].indexOf('--'))
  if (own.includes('--help') || own.includes('--help-options')) return undefined
  const actsAs = args.agent === agentArguments.agent
  if (isWhole && actsAs && !OWN_AGENT.includes(name) && !own.includes('--agent')) {
    return 'it needs --agent'
  }
  try {
    checkCommandLine(own, args, ANY_NUMBER.includes(name) ? own.length : undefined)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

t.test('every command line in the documents is one that arc takes', async (t) => {
  const lines = DOCUMENTS.flatMap((document) =>
    commandLines(document).map((line) => ({ ...line, path: document.path })),
  )
  t.ok(lines.length > 100, `${lines.length} command lines`)
  const refused: string[] = []
  for (const line of lines) {
    const reason = await refusal(line)
    if (reason !== undefined) refused.push(`${line.path}: arc ${line.words.join(' ')}: ${reason}`)
  }
  t.strictSame(refused, [])
})

t.test('what arc does not take is found', async (t) => {
  const wrong = [
    'arc start',
    'arc post hello',
    'arc lock --agent a --ttl 60 x',
    'arc post --agent a hello world',
  ]
  for (const line of wrong) {
    const [words = []] = arcLines(line)
    t.type(await refusal({ words, isWhole: true }), 'string', line)
  }
})

t.test('every relative link leads to a file, and to a heading of it', async (t) => {
  const dead = DOCUMENTS.flatMap((document) =>
    links(document)
      .filter(({ to, heading }) => {
        if (!existsSync(join(ROOT, to))) return true
        if (heading === undefined) return false
        const target = DOCUMENTS.find(({ path }) => path === to)
        return !target || !anchors(target).includes(heading)
      })
      .map(({ to, heading }) => `${document.path}: ${to}${heading === undefined ? '' : `#${heading}`}`),
  )
  t.strictSame(dead, [])
})

t.test('every error that TROUBLESHOOTING.md quotes is one that the program has', async (t) => {
  const document = DOCUMENTS.find(({ path }) => path === join('docs', 'TROUBLESHOOTING.md'))
  const quoted = document ? quotedErrors(document) : []
  t.ok(quoted.length > 25, `${quoted.length} parts of errors`)
  const said = sources()
  t.strictSame(
    quoted.filter((part) => !said.includes(part)),
    [],
  )
})

t.test('the package has each page for users that README links', async (t) => {
  const { files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { files: string[] }
  const readme = DOCUMENTS.filter(({ path }) => path === 'README.md')
  const linked = readme.flatMap(links).filter(({ to }) => !NOT_PACKED.test(to))
  t.ok(linked.length > 8)
  const missing = linked.filter(({ to }) => !files.some((path) => to === path || to.startsWith(`${path}/`)))
  t.strictSame(missing, [])
})
