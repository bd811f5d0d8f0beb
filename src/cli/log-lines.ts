// A log line for people: `12:00:00.123 INFO  storage  what happened  {further fields}`.

const HIDDEN = new Set(['level', 'time', 'msg', 'actor'])

/** Renders one JSON line of the hub's log. Other lines stay unchanged, but for their control characters. */
export function renderLogLine(line: string): string {
  const entry = entryIn(line)
  if (!entry) return visible(line)
  const { time, level, actor, msg } = entry
  const rest = Object.entries(entry).filter(([name]) => !HIDDEN.has(name))
  const fields = rest.length > 0 ? `  ${JSON.stringify(Object.fromEntries(rest))}` : ''
  return `${clock(String(time))} ${String(level).toUpperCase().padEnd(5)} ${String(actor ?? 'hub').padEnd(8)} ${visible(String(msg))}${fields}`
}

/** The local time, as other commands show it, with milliseconds. */
function clock(iso: string): string {
  const at = new Date(iso)
  return `${at.toTimeString().slice(0, 8)}.${`${at.getMilliseconds()}`.padStart(3, '0')}`
}

/** Undefined for a line of another program, as a crash writes it. */
function entryIn(line: string): Record<string, unknown> | undefined {
  try {
    const entry = JSON.parse(line) as Record<string, unknown> | null
    return typeof entry?.msg === 'string' ? entry : undefined
  } catch {
    return undefined
  }
}

/** The line that a log's sink shows to a person. */
export function forPeople(line: string): string {
  return `${renderLogLine(line.trimEnd())}\n`
}

/** Log lines may hold agents' words, so no control character but a line end may reach a terminal. */
function visible(text: string): string {
  return text.replace(
    /(?![\n\t])\p{Cc}/gu,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}
