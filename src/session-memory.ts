// What the hooks and the MCP server of one harness session remember: a small file of the user, by the session's id. So both
// act as the same agent.

import { readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from './folder.js'
import { homeFolder } from './home.js'

export interface Memory {
  readonly agentId: string
  /** The hub's session, to be closed at the end. */
  readonly sessionId: string
  /** What was handed over at a stop. It is shown only if the session goes on. */
  readonly held?: { readonly offerId: string; readonly mark: string } | undefined
  /** Stops that were held in a row. */
  readonly stopsHeld: number
  /** Wakes since the person's last prompt. */
  readonly wakes?: number | undefined
}

/** The user's folder for what Arc remembers of harnesses. */
export function stateFolder(): string {
  const { XDG_STATE_HOME, LOCALAPPDATA } = process.env
  return join(XDG_STATE_HOME || LOCALAPPDATA || join(homeFolder(), '.local', 'state'), 'arc')
}

function fileOf(harness: string, session: string): string {
  return join(stateFolder(), 'sessions', `${harness}-${nameOf(session)}.json`)
}

/**
 * A file's name for a session. Sessions have ids such as UUIDs, which stay as they are. Anything else, such as a folder, is read as a
 * name and a sum of its characters. Node's crypto would cost each hook a fifth of its time.
 */
function nameOf(session: string): string {
  if (/^[a-z0-9_-]{1,80}$/.test(session)) return session
  let [one, other] = [0xdeadbeef, 0x41c6ce57]
  for (let i = 0; i < session.length; i++) {
    const code = session.charCodeAt(i)
    one = Math.imul(one ^ code, 2_654_435_761)
    other = Math.imul(other ^ code, 1_597_334_677)
  }
  const sum = `${(one >>> 0).toString(36)}${(other >>> 0).toString(36)}`
  return `${session.slice(-40).replace(/[^A-Za-z0-9_-]/g, '_')}.${session.length}.${sum}`
}

export function recall(harness: string, session: string): Memory | undefined {
  try {
    const memory = JSON.parse(readFileSync(fileOf(harness, session), 'utf8')) as Memory
    return typeof memory.agentId === 'string' ? memory : undefined
  } catch {
    return undefined
  }
}

/** Parallel hooks may write at the same time: the last one stays, whole. */
export function remember(harness: string, session: string, memory: Memory): void {
  const file = fileOf(harness, session)
  const temporary = `${file}.${process.pid}`
  try {
    makeFolder(join(file, '..'))
    writeFileSync(temporary, JSON.stringify(memory), { mode: 0o600 })
    renameSync(temporary, file)
  } catch {
    rmSync(temporary, { force: true })
  }
}

const watchFileOf = (harness: string, session: string) => `${fileOf(harness, session)}.watch`

/** Makes this process the one that may wake the session, until another one does or the session goes on. */
export function beginWatch(harness: string, session: string): string {
  const token = `${process.pid} ${Date.now()} ${Math.random()}`
  writeFileSync(watchFileOf(harness, session), token, { mode: 0o600 })
  return token
}

export function isWatching(harness: string, session: string, token: string): boolean {
  try {
    return readFileSync(watchFileOf(harness, session), 'utf8') === token
  } catch {
    return false
  }
}

/** The session goes on, so nobody has to wake it. */
export function endWatch(harness: string, session: string): void {
  try {
    unlinkSync(watchFileOf(harness, session)) // rmSync would load more of Node, and mostly there is no such file
  } catch {
    // else the watcher wakes a session that is awake
  }
}
