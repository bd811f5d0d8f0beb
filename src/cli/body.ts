// What a message says: a text on the command line, a file, or standard input.

import { fstatSync, readFileSync, statSync } from 'node:fs'
import { buffer as readAll } from 'node:stream/consumers'
import type { ArgsDef } from 'citty'
import type { AttachmentInput } from '../sdk/options.js'
import { text as optionalText, UsageError, usageError } from './arguments.js'
import { repeated } from './command-line.js'

/** What a post and a reply take. TEXT is optional for citty, which would report a missing one before it sees a mistyped option. */
export const contentArguments = {
  file: { type: 'string', description: 'The text is in this file', valueHint: 'path' },
  attach: { type: 'string', description: 'A file to attach; may be repeated', valueHint: 'path' },
  text: {
    type: 'positional',
    required: false,
    description: 'What to say; - or none for standard input; after -- if it begins with a dash',
  },
} as const satisfies ArgsDef

export interface Content {
  readonly body: string
  readonly attachments: AttachmentInput[] | undefined
}

/** @throws UsageError if there is nothing to say, or for a file that can't be read */
export async function contentFrom(
  given: Readonly<Record<string, unknown>>,
  rawArgs: readonly string[],
): Promise<Content> {
  const paths = repeated(rawArgs, contentArguments, 'attach')
  const attachments =
    paths.length === 0 ? undefined : (await import('./attachments.js')).attachmentsFrom(paths)
  const file = optionalText(given.file, 'file')
  const body = await bodyFrom({ text: given.text as string | undefined, file, mayBeEmpty: paths.length > 0 })
  return { body, attachments }
}

interface Source {
  /** As typed; `-` stands for standard input. */
  readonly text?: string | undefined
  /** A path. */
  readonly file?: string | undefined
  /** Attachments say it. */
  readonly mayBeEmpty?: boolean
}

const STANDARD_INPUT = 0
/** No hub takes a larger request. */
const MAX_BYTES = 64 * 1024 * 1024

/** Without a text it reads a pipe, or a file that the shell has opened. @throws UsageError if there is nothing to say */
export async function bodyFrom({ text, file, mayBeEmpty = false }: Source): Promise<string> {
  if (text !== undefined && file !== undefined) throw usageError('give TEXT or --file, not both')
  if (file !== undefined) return saying(readText(file), '--file', mayBeEmpty)
  if (text === '-' || (text === undefined && !mayBeEmpty && isPiped()))
    return saying(asText(await readAll(process.stdin), 'standard input'), 'standard input', mayBeEmpty)
  if (text !== undefined) return saying(text, 'TEXT', mayBeEmpty)
  if (mayBeEmpty) return ''
  throw usageError('TEXT is required; - reads standard input; one that begins with a dash goes after --')
}

function saying(body: string, source: string, mayBeEmpty: boolean): string {
  if (body.trim() === '' && !mayBeEmpty) throw usageError(`${source} must not be empty`)
  return body
}

/** @throws UsageError if the file can't be read, or is no text */
function readText(path: string): string {
  try {
    if (statSync(path).size > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES / 1024 / 1024} MB`)
    return asText(readFileSync(path), path)
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw usageError(`${path} can't be read: ${(error as Error).message}`)
  }
}

/** @throws UsageError for bytes that are no text */
function asText(bytes: Buffer, source: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw usageError(`${source} is no text in UTF-8; give a file with --attach`)
  }
}

/**
 * A program that starts commands may leave their standard input open, as a socket or a terminal; reading it would hang. A
 * shell gives a pipe or a file.
 */
function isPiped(): boolean {
  try {
    const input = fstatSync(STANDARD_INPUT)
    return input.isFIFO() || input.isFile()
  } catch {
    return false // closed
  }
}
