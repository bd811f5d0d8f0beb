// What the resource files of this backend share: the connection, the clock, and the reading of JSON columns.

import type { Database } from 'better-sqlite3'
import { toSeconds } from '../../protocol/timestamps.js'
import type { FeedMessage } from '../commands.js'

export interface SqliteContext {
  readonly db: Database
  /** Names this hub process among those on the same file. */
  readonly hubId: string
  readonly presenceTtlSec: number
  readonly allowRemote: boolean
  /** The messages stored by the batch under way, in id order. */
  readonly stored: FeedMessage[]
}

/** Now, in whole seconds: how leases and sessions count time. */
export function nowSeconds(): string {
  return toSeconds(Date.now())
}

/** `sec` from now, in whole seconds. */
export function secondsAhead(sec: number): string {
  return toSeconds(Date.now() + sec * 1_000)
}

/** A JSON column's value. A foreign writer's broken or missing text reads as `fallback` rather than failing the row. */
export function parseJson<T>(text: string | null, fallback: T): T {
  return (parsed(text)?.value as T | null | undefined) ?? fallback
}

/** The same as JSON text, for answers that are put together from texts. */
export function jsonText(text: string | null, fallback: '{}' | '[]'): string {
  if (text === fallback) return fallback
  const { value, repaired } = parsed(text) ?? {}
  if (value === null || value === undefined) return fallback
  return repaired ?? (text as string)
}

function parsed(text: string | null): { value: unknown; repaired?: string } | undefined {
  if (!text) return undefined
  try {
    return { value: JSON.parse(text) }
  } catch {
    return parsedPythonJson(text)
  }
}

/** Python writes numbers that JSON does not have; as in browsers' JSON they become null. */
function parsedPythonJson(text: string): { value: unknown; repaired: string } | undefined {
  const repaired = text.replace(
    /("(?:[^"\\]|\\.)*")|\bNaN\b|-?\bInfinity\b/g,
    (_, quoted?: string) => quoted ?? 'null',
  )
  try {
    return { value: JSON.parse(repaired), repaired }
  } catch {
    return undefined
  }
}
