// How far a long command is, on one line of a terminal.

const AGAIN_MS = 100

/** Shows a number of rows now and then. The returned functions: the next number, and the end. */
export function rowProgress(what: string): { at: (rows: number) => void; end: () => void } {
  let shownAtMs = 0
  const { stderr } = process
  if (!stderr.isTTY) return { at: () => {}, end: () => {} }
  return {
    at: (rows) => {
      const now = Date.now()
      if (now - shownAtMs < AGAIN_MS) return
      shownAtMs = now
      stderr.write(`\r${what} ${rows.toLocaleString('en')} rows`)
    },
    end: () => {
      if (shownAtMs > 0) stderr.write('\r\u001b[K')
    },
  }
}
