// What a message says: a text on the command line, a file, or standard input.

import { fstatSync, readFileSync } from 'node:fs'
import { text as readAll } from 'node:stream/consumers'
import { usageError } from './arguments.js'

interface Source {
  /** As typed; `-` stands for standard input. */
  readonly text?: string | undefined
  /** A path. */
  readonly file?: string | undefined
  /** Attachments say it. */
  readonly mayBeEmpty?: boolean
}

const STANDARD_INPUT = 0

/** Without a text it reads a pipe, or a file that the shell has opened. @throws UsageError if there is nothing to say */
export async function bodyFrom({ text, file, mayBeEmpty = false }: Source): Promise<string> {
  if (text !== undefined && file !== undefined) throw usageError('give TEXT or --file, not both')
  if (file !== undefined) return saying(readText(file), '--file', mayBeEmpty)
  if (text === '-' || (text === undefined && !mayBeEmpty && isPiped()))
    return saying(await readAll(process.stdin), 'standard input', mayBeEmpty)
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
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw usageError(`${path} is no text in UTF-8; give it with --attach`)
    throw usageError(`${path} can't be read: ${(error as Error).message}`)
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
