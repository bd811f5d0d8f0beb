// Waking an idle session: a process that waits at the hub until its agent may be woken (PROTOCOL §18), and then wakes it by the
// harness's own way. Opt-in, and one for a session: the newest.
//
//   the model stops ─▶ watch begins ─▶ hub: may wake ─▶ harness wakes the model ─▶ its prompt hook hands over and says `shown`
//                          └ another event of the session, the harness's end, the last hour: it ends without a word
//
// A wake hands over nothing: only `shown` says that the agent has got a message. At most `MOST_WAKES` in a row come without a
// prompt of the person. Whatever fails, the session is left alone.

import { execFile } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { hubAddress } from '../sdk/hub-address.js'
import { beginWatch, endWatch, isWatching, recall, remember } from '../session-memory.js'
import type { HarnessName } from './harness.js'
import { LOOK_SEC, look, RETRY_MS, wakeText } from './waking.js'
import { WATCH_HOURS } from './watcher.js'

/** `sent`: the harness took the wake. Only a receipt confirms it. `unavailable`: the way is not there. */
export type WakeOutcome = 'sent' | 'unavailable' | 'failed'

const hubOfFolder = () => hubAddress(() => {})
/** Wakes in a row without a prompt of the person. */
const MOST_WAKES = 30
/** A stop hook that runs beside may have just decided to hold the turn. */
const SETTLE_MS = 250
const TRIES = 3
const CONFIRM_MS = 15_000
const QUEUE_MS = 30_000

export interface Watched {
  readonly harness: HarnessName
  readonly session: string
  /** The process of the harness. Absent: unknown. */
  readonly pid: number | undefined
}

/** Waits until the agent may be woken. Undefined: the watch is over. Never rejects. */
export async function watch(watched: Watched): Promise<string | undefined> {
  const { harness, session } = watched
  const token = beginWatch(harness, session)
  const isOver = () => !isWatching(harness, session, token) || !isAlive(watched.pid)
  for (const endAt = Date.now() + WATCH_HOURS * 3_600_000; Date.now() < endAt; ) {
    const memory = recall(harness, session)
    if (!memory || isOver() || (memory.wakes ?? 0) >= MOST_WAKES) return undefined
    const found = await look(memory.agentId, LOOK_SEC, hubOfFolder)
    if (found === undefined) await pause(RETRY_MS)
    if (!found?.wake) continue
    await pause(SETTLE_MS)
    if (isOver()) return undefined
    const now = recall(harness, session)
    if (now?.held) {
      await pause(RETRY_MS)
      continue
    }
    if (!(await look(memory.agentId, 0, hubOfFolder))?.wake) continue
    if (now) remember(harness, session, { ...now, wakes: (now.wakes ?? 0) + 1 })
    return wakeText(found)
  }
  return undefined
}

/** Codex CLI: a prompt in the session's queue. It waits until an event of the session shows that the model was woken. */
export async function watchCodex(watched: Watched): Promise<void> {
  const { harness, session, pid } = watched
  const text = await watch(watched)
  if (text === undefined) return
  const token = beginWatch(harness, session)
  for (let i = 0; i < TRIES; i++) {
    const outcome = await queue(codexProgram(pid), session, text)
    if (outcome === 'unavailable') break
    const until = Date.now() + CONFIRM_MS
    while (Date.now() < until && isWatching(harness, session, token)) await pause(SETTLE_MS)
    if (!isWatching(harness, session, token)) return
  }
  endWatch(harness, session)
}

function queue(program: string, session: string, text: string): Promise<WakeOutcome> {
  const args = ['queue', '--thread', session, '--message', text]
  return new Promise((resolve) => {
    execFile(program, args, { timeout: QUEUE_MS }, (error) => {
      if (!error) resolve('sent')
      else resolve(error.code === 'ENOENT' ? 'unavailable' : 'failed')
    })
  })
}

function codexProgram(pid: number | undefined): string {
  try {
    const program = readlinkSync(`/proc/${pid}/exe`)
    if (/codex[^/]*$/.test(program)) return program
  } catch {
    // not Linux
  }
  return 'codex'
}

function isAlive(pid: number | undefined): boolean {
  if (pid === undefined) return process.ppid > 1
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
