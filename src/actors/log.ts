// The hub's log: one JSON line an event, by pino, written synchronously so that the last line before an exit
// is not lost.

import { pino } from 'pino'
import { inSources } from '../stack-trace.js'
import type { LogSetting } from './log-settings.js'
import type { Log } from './runtime/actor.js'

/** Where lines go; each ends with a newline. */
export interface LogSink {
  write(line: string): void
}

const STDERR = 2

export function createLog(
  level: LogSetting,
  sink: LogSink = pino.destination({ dest: STDERR, sync: true }),
): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    sink,
  )
  return (at, message, fields) => logger[at](fields ?? {}, inSources(message))
}
