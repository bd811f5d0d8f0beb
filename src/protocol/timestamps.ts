// RFC 3339 in UTC with a trailing Z (PROTOCOL §1): whole seconds for everything but messages.

/** `2026-01-31T12:00:00Z` */
export function toSeconds(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`
}

/** `2026-01-31T12:00:00.123Z` */
export function toMillis(epochMs: number): string {
  return new Date(epochMs).toISOString()
}
