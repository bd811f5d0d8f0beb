// Starts a watcher (watch.ts), which outlives the hook that starts it.

import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The watcher's program, beside that of the hook. */
export const WATCH_PROGRAM = 'watch.cjs'
/** A watcher ends after so long. The agent is then reached at its next turn. */
export const WATCH_HOURS = 8

/** It holds none of the hook's streams. `pid`: the process of the harness. */
export function startWatcher(harness: string, session: string, pid: number | undefined): void {
  const [, hook = ''] = process.argv
  const program = join(dirname(hook), WATCH_PROGRAM)
  if (!existsSync(program)) return
  // Few hooks start one, so none of the others loads this.
  const { spawn } = process.getBuiltinModule('node:child_process')
  const args = [program, harness, session, ...(pid === undefined ? [] : [`${pid}`])]
  spawn(process.execPath, args, { detached: true, stdio: 'ignore' }).unref()
}
