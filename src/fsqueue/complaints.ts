// A host's complaints about its spool. Nobody can fill the log with them: each cause is logged once in a while, and their
// number is bounded. A text may hold names of the other side's choice, so characters that could steer a terminal or fake a
// line become visible.

/** The most causes logged in one window of time. */
const MAX_CAUSES = 50
const WINDOW_MS = 600_000
const MAX_CHARS = 500

export class Complaints {
  readonly #log: (level: 'warn', message: string) => void
  readonly #told = new Set<string>()
  #windowEndsAt = 0

  constructor(log: (level: 'warn', message: string) => void) {
    this.#log = log
  }

  about(cause: string, text: string, nowMs = Date.now()): void {
    if (nowMs >= this.#windowEndsAt) {
      this.#told.clear()
      this.#windowEndsAt = nowMs + WINDOW_MS
    }
    if (this.#told.has(cause) || this.#told.size > MAX_CAUSES) return
    this.#told.add(cause)
    const isLast = this.#told.size > MAX_CAUSES
    this.#log('warn', isLast ? 'there is more trouble in the spool than is told of here' : printable(text))
  }

  /** Forgets a cause that has passed, so that its return is logged. */
  over(cause: string): void {
    this.#told.delete(cause)
  }
}

/** With control, format and unassigned characters as escapes, and not too long. */
export function printable(text: string): string {
  const short = text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}…` : text
  return short.replace(/\p{C}/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`)
}
