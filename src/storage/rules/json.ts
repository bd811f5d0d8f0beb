// Reads JSON columns, which another implementation may have written. Broken or missing JSON reads as a fallback, so that
// the row can be read.

import { parseExact } from '../../protocol/json.js'

/** A JSON column's value. */
export function parseJson<T>(text: string | null, fallback: T): T {
  return (parsed(text)?.value as T | null | undefined) ?? fallback
}

/** The same as JSON text, for answers that are built from texts. */
export function storedText(text: string | null, fallback: '{}' | '[]'): string {
  if (text === fallback) return fallback
  const { value, repaired } = parsed(text) ?? {}
  if (value === null || value === undefined) return fallback
  return repaired ?? (text as string)
}

function parsed(text: string | null): { value: unknown; repaired?: string } | undefined {
  if (!text) return undefined
  try {
    return { value: parseExact(text) }
  } catch {
    return parsedPythonJson(text)
  }
}

/** Python writes NaN and Infinity, which JSON does not have. They become null, as in browsers. */
function parsedPythonJson(text: string): { value: unknown; repaired: string } | undefined {
  const repaired = text.replace(
    /("(?:[^"\\]|\\.)*")|\bNaN\b|-?\bInfinity\b/g,
    (_, quoted?: string) => quoted ?? 'null',
  )
  try {
    return { value: parseExact(repaired), repaired }
  } catch {
    return undefined
  }
}
