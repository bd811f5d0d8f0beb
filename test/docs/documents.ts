// The documents as a test sees them: their command lines, as a shell would split them, their links and their headings.

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PACKAGE_ROOT } from '../../src/package.js'

export const ROOT = fileURLToPath(PACKAGE_ROOT)

export interface Document {
  /** From the root of the project. */
  readonly path: string
  readonly text: string
}

export interface CommandLine {
  /** Without `arc`. */
  readonly words: readonly string[]
  /** As it stands in a block, to be typed; else it is a mention in a sentence, which may leave out options. */
  readonly isWhole: boolean
}

/** Every Markdown file that people read: at the top, and in docs/ and examples/. */
export function documents(): Document[] {
  const below = (folder: string) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
  return [...readdirSync(ROOT), ...below('docs'), ...below('examples')]
    .filter((path) => path.endsWith('.md'))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
}

const BLOCK = /^( *)```(\w*)\n(.*?)^\1```$/gms

/** Each command line of `arc` in blocks of shell commands, and in code within sentences. */
export function commandLines({ text }: Document): CommandLine[] {
  const blocks = [...text.matchAll(BLOCK)].filter(([, , language = '']) =>
    /^(sh|bash|console)?$/.test(language),
  )
  const inBlocks = blocks.flatMap(([, , , block = '']) => arcLines(block.replaceAll('\\\n', ' ')))
  const prose = text.replace(BLOCK, '').replace(/^> ?/gm, '')
  // In a list of forms, as in PROTOCOL.md's table, a code is no command line.
  const spans = [...prose.matchAll(/(?<!`)`(arc [^`]+)`(?!`)/g)].map(([, span = '']) =>
    span.replaceAll('\n', ' '),
  )
  const inSentences = spans.filter((span) => !/[[\]|…]/.test(span.replace(/"[^"]*"/g, ''))).flatMap(arcLines)
  return [
    ...inBlocks.map((words) => ({ words, isWhole: true })),
    ...inSentences.map((words) => ({ words, isWhole: false })),
  ]
}

/** The `arc` command lines among shell commands, each as its words. */
export function arcLines(shell: string): string[][] {
  return shell.split('\n').flatMap((line) => commandsOf(line).flatMap(arcOf))
}

/** The words after `arc`, however it is started. */
function arcOf(words: readonly string[]): string[][] {
  const rest = [...words]
  while (/^\w+=/.test(rest[0] ?? '')) rest.shift()
  if (rest[0] === 'npx')
    rest.splice(
      0,
      rest.findIndex((word) => /^arc(-hub)?$/.test(word)),
    )
  return /^(arc|\.\/bin\/arc)$/.test(rest[0] ?? '') ? [rest.slice(1)] : []
}

/** A line of shell commands, split at pipes, lists and substitutions, without comments and redirections. */
function commandsOf(line: string): string[][] {
  const tokens = line.matchAll(
    /(#.*)|(\d?[<>]>?&?\d?(?= |$)|\d>&\d|<\(|\$\(|[|&;()]+)|((?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|<[\w-]+>|[^\s"'|&;()<>])+)/g,
  )
  const commands: string[][] = [[]]
  let isTarget = false
  for (const [, comment, operator, word] of tokens) {
    if (comment !== undefined) break
    if (operator !== undefined) {
      isTarget = /^\d?[<>]>?$/.test(operator)
      if (!/[<>]/.test(operator) || operator === '<(') commands.push([])
    } else if (word !== undefined) {
      if (!isTarget) commands.at(-1)?.push(word.replace(/"((?:\\.|[^"\\])*)"|'([^']*)'/g, '$1$2'))
      isTarget = false
    }
  }
  return commands
}

/** The shell blocks below a heading, up to the next one. */
export function shellBlocks(path: string, heading: string): string[] {
  const text = readFileSync(join(ROOT, path), 'utf8')
  const start = text.indexOf(`\n${heading}\n`)
  if (start < 0) throw new Error(`${path} has no heading ${heading}`)
  const section = text.slice(start + heading.length + 2)
  const end = headingAfter(section)
  const blocks = [...section.matchAll(BLOCK)].filter(({ index }) => index < end)
  return blocks.filter(([, , language]) => language === 'sh').map(([, , , block = '']) => block)
}

/** Where the next heading begins. A comment in a block may look like one. */
function headingAfter(section: string): number {
  const blank = section.replace(BLOCK, (block) => block.replace(/[^\n]/g, ' '))
  const found = blank.search(/^#+ /m)
  return found < 0 ? section.length : found
}

/** Where its relative links lead: a path from the root, and the heading there, if one is named. */
export function links({ path, text }: Document): { to: string; heading: string | undefined }[] {
  const prose = text.replace(BLOCK, '').replace(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [file = '', heading] = target.split('#')
      return { to: file === '' ? path : join(dirname(path), file), heading }
    })
}

/** The anchors of its headings, as GitHub makes them. */
export function anchors({ text }: Document): string[] {
  return [...text.replace(BLOCK, '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** The error texts that the first column of TROUBLESHOOTING.md quotes, in the parts between what varies. */
export function quotedErrors({ text }: Document): string[] {
  const rows = [...text.matchAll(/^\| (?!you see|-)(.*?) \|/gm)].map(([, symptom = '']) => symptom)
  const spans = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span))
  return spans
    .filter((span) => !span.startsWith('arc '))
    .flatMap((span) => span.split('…'))
    .map((part) => part.replaceAll('"', '').trim())
    .filter((part) => part !== '')
}

/** Everything in src/ that the program may say. */
export function sources(): string {
  return readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => readFileSync(join(ROOT, 'src', name), 'utf8'))
    .join('\n')
}
