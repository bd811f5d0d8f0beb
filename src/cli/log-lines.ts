// A log line for people: `12:00:00.123 INFO  storage  what happened  {further fields}`.

const HIDDEN = new Set(['level', 'time', 'msg', 'actor'])

/** Renders one JSON line of the hub's log. Other lines stay unchanged. */
export function renderLogLine(line: string): string {
  let entry: Record<string, unknown>
  try {
    entry = JSON.parse(line) as Record<string, unknown>
  } catch {
    return line
  }
  const { time, level, actor, msg } = entry
  const rest = Object.entries(entry).filter(([name]) => !HIDDEN.has(name))
  const fields = rest.length > 0 ? `  ${JSON.stringify(Object.fromEntries(rest))}` : ''
  return `${String(time).slice(11, 23)} ${String(level).toUpperCase().padEnd(5)} ${String(actor ?? 'hub').padEnd(8)} ${visible(String(msg))}${fields}`
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
