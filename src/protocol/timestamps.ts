// RFC 3339 in UTC with a trailing Z (PROTOCOL §1): whole seconds for everything but messages.

/** `2026-01-31T12:00:00Z` */
export function toSeconds(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`
}

let latest = { epochMs: 0, text: '1970-01-01T00:00:00.000Z' }

/** `2026-01-31T12:00:00.123Z`. It keeps the last text, since the messages of one batch share it. */
export function toMillis(epochMs: number): string {
  if (epochMs !== latest.epochMs) latest = { epochMs, text: new Date(epochMs).toISOString() }
  return latest.text
}
