// The hub's log: one JSON line an event, by pino.

import { pino } from 'pino'
import { inSources } from '../stack-trace.js'
import type { LogSetting } from './log-settings.js'
import { type LogSink, standardError } from './log-sinks.js'
import type { Log } from './runtime/actor.js'

export function createLog(level: LogSetting, sink: LogSink = standardError()): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    sink,
  )
  return (at, message, fields) => {
    try {
      logger[at](fields ?? {}, inSources(message))
    } catch {
      // A caller's own sink fails: the code that logs must not.
    }
  }
}
