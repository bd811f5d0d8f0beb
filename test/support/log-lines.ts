// Keeps a hub's log in memory. A test waits for lines, and counts them.

import type { LogSink } from '../../src/actors/log-sinks.js'
import { until } from './waiting.js'

export class LogLines implements LogSink {
  readonly lines: string[] = []

  write(line: string): void {
    this.lines.push(line.trimEnd())
  }

  count(pattern: RegExp): number {
    return this.lines.filter((line) => pattern.test(line)).length
  }

  /** Resolves when `times` lines match. */
  async has(pattern: RegExp, times = 1): Promise<void> {
    const what = () => `${times} lines like ${pattern} in the log:\n${this.lines.slice(-20).join('\n')}`
    await until(what, () => this.count(pattern) >= times)
  }
}
