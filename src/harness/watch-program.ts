// The program of a watcher: `node watch.cjs claude`, with the payload of a stop hook on standard input, ends with 2 to wake the
// model; `node watch.cjs codex SESSION [PID]` wakes it by a queued prompt. Whatever else happens, it ends with 0.

import { writeSync } from 'node:fs'
import { harnessProcess } from '../harness-process.js'
import { callerOf, folderOf, isSubagent, readPayload, textOf } from './payload.js'
import { watch, watchCodex } from './watch.js'

/** What Claude Code takes as "wake the model". */
const WAKE_STATUS = 2

async function main([harness, named, pid]: readonly string[]): Promise<number> {
  if (harness === 'codex' && named !== undefined) {
    await watchCodex({ harness, session: named, pid: pid === undefined ? undefined : Number(pid) })
    return 0
  }
  if (harness !== 'claude') return 0
  const payload = await readPayload()
  const session = textOf(payload, 'session_id')
  if (session === undefined || isSubagent(payload) || (callerOf(payload, process.env) ?? harness) !== harness)
    return 0
  process.chdir(folderOf(payload) ?? process.cwd())
  const text = await watch({ harness, session, pid: harnessProcess()?.pid })
  if (text === undefined) return 0
  writeSync(2, text)
  return WAKE_STATUS
}

process.on('uncaughtException', () => process.exit(0))
main(process.argv.slice(2)).then(
  (status) => process.exit(status),
  () => process.exit(0),
)
