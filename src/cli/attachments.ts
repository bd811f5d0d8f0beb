// Files as attachments of a message (PROTOCOL §2): a reference to the file, and its text as it is now. A file that is no text,
// or is larger than a hub takes by default, is a reference alone.

import { readFileSync } from 'node:fs'
import { extname, normalize, resolve, sep } from 'node:path'
import { inProject, projectOf } from '../project-path.js'
import { DEFAULT_LIMITS } from '../protocol/limits.js'
import type { AttachmentInput } from '../sdk/options.js'
import { usageError } from './arguments.js'
import { say } from './output.js'

/** Names that end so, or without a dot, are no code. */
const PLAIN = ['', '.txt', '.log', '.out']

/** @throws UsageError for a file that can't be read */
export function attachmentsFrom(paths: readonly string[]): AttachmentInput[] {
  return paths.flatMap((path) => {
    const reference = { type: 'file_ref', path: pathOf(path) } as const
    const content = textOf(path)
    return typeof content === 'string' ? [reference, asText(path, content)] : [reference]
  })
}

/** From the root of the project, where it is in one: readers may be in another folder. */
function pathOf(path: string): string {
  return normalize(inProject(resolve(path), projectOf(process.cwd())))
    .split(sep)
    .join('/')
}

function asText(path: string, content: string): AttachmentInput {
  const extension = extname(path).toLowerCase()
  if (PLAIN.includes(extension)) return { type: 'text', content }
  return { type: 'code', content, language: extension.slice(1) }
}

function textOf(path: string): string | undefined {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw usageError(`${path} can't be attached: ${(error as Error).message}`)
  }
  const content = decoded(bytes)
  const isSmall = content !== undefined && JSON.stringify(content).length <= DEFAULT_LIMITS.maxAttachmentChars
  if (isSmall) return content
  const why = content === undefined ? 'no text' : 'too large to send'
  say(`arc: ${path} is ${why}: the message has its path alone`)
  return undefined
}

/** Undefined for bytes that are no text. */
export function decoded(bytes: Buffer): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return text.includes('\0') ? undefined : text
  } catch {
    return undefined
  }
}
