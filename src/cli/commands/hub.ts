// `arc`: the hub in the foreground. `arc ensure` starts the same command in the background, which reports over IPC that the
// hub is ready, or why it did not start.

import { existsSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Hub } from '../../actors/hub.js'
import { logFile } from '../../actors/log-file.js'
import { standardError } from '../../actors/log-sinks.js'
import { makeFolder, ROOM_FOLDER } from '../../folder.js'
import { isAlive } from '../../process-stat.js'
import { urlHost } from '../../protocol/address.js'
import { ArcError, type ErrorData } from '../../protocol/errors.js'
import {
  judgePidFile,
  logFileOf,
  type PidFile,
  pidFileOf,
  readPidFile,
  removePidFile,
  writeFirstPidFile,
  writePidFile,
} from '../../sdk/pid-file.js'
import { refuseClosed, rememberStorage } from '../../storage-file.js'
import { silentCommand } from '../command.js'
import { hubArguments, hubOptionsFrom } from '../hub-arguments.js'
import { forPeople } from '../log-lines.js'
import { ExitStatus, say, serving } from '../output.js'

/** The report of a started hub to `arc ensure`. */
export type StartReport =
  | { readonly ready: { readonly url: string; readonly pid: number } }
  /** Another `arc ensure` at any free port was faster. This hub has ended. */
  | { readonly elsewhere: { readonly url: string } }
  | { readonly failed: ErrorData }

/** In the environment of a hub that `arc ensure` starts. At any free port it gives way to one on the same storage. */
export const GIVES_WAY = 'ARC_GIVES_WAY'

/** Milliseconds for which a room's folder is gone before its pid file is written again. */
const GONE_MS = 1_000

const args = { ...hubArguments, quiet: { type: 'boolean', description: 'Log errors only' } } as const

export default silentCommand({
  args,
  examples: [
    ['arc', 'a hub until Ctrl-C'],
    ['arc --host 0.0.0.0 --allow-remote', 'for other machines too'],
  ],
  async run(given, rawArgs) {
    serving()
    const options = hubOptionsFrom(given, rawArgs)
    const stopping = new AbortController()
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stopping.abort())
    const { startHub } = await import('../../actors/hub.js')
    let hub: Hub
    try {
      refuseClosed(options.storagePath)
      hub = await startHub({
        ...options,
        signal: stopping.signal,
        logLevel: options.logLevel ?? (given.quiet ? 'error' : 'info'),
        // In the background the log is a file for programs; in the foreground it is for a person.
        logSink: process.send ? logFile(logFileOf(options.storagePath)) : standardError(forPeople),
      })
    } catch (error) {
      report({ failed: asArcError(error).toData() })
      if (stopping.signal.aborted) throw new ExitStatus(0)
      throw error
    }
    const { path, winner } = announce(hub, process.env[GIVES_WAY] !== undefined && options.port === 0)
    if (winner === undefined) report({ ready: { url: hub.url, pid: process.pid } })
    else stopping.abort()
    const kept = path === undefined ? undefined : keepPidFile(path, hub)
    const status = await hub.stopped
    kept?.close()
    if (winner !== undefined) report({ elsewhere: { url: winner } })
    if (path) removePidFile(path, process.pid)
    throw new ExitStatus(status)
  },
})

interface Announced {
  /** The pid file; undefined if it is another hub's, or can't be written. */
  readonly path?: string
  /** The hub on the same storage that was faster. */
  readonly winner?: string
}

/**
 * Writes the pid file, unless a living hub on the same storage has written its own. A file that commands would not believe
 * is replaced. With `mayGiveWay` the hub gives way to the other one: then one hub stays, however many calls of `arc ensure`
 * there are at once.
 */
function announce(hub: Hub, mayGiveWay: boolean): Announced {
  const path = pidFileOf(hub.storagePath)
  const other = livingOther(path, hub)
  if (other && mayGiveWay) return { winner: other.url }
  if (other && other.port !== hub.port) {
    say(`arc: ${path} belongs to the hub at ${other.url}; stop this one with: arc stop --port ${hub.port}`)
    return {}
  }
  try {
    makeFolder(dirname(path)) // a database server's room has none before
    const content = {
      pid: process.pid,
      port: hub.port,
      url: hub.url,
      instance_id: hub.instanceId,
      started_at: new Date(hub.startedAtMs).toISOString(),
    }
    const stale = readPidFile(path)
    if (stale && !isAlive(stale.pid)) removePidFile(path, stale.pid)
    if (!mayGiveWay || !writeFirstPidFile(path, content)) {
      const winner = mayGiveWay ? livingOther(path, hub)?.url : undefined
      if (winner !== undefined) return { winner }
      writePidFile(path, content)
    }
    rememberStorage(hub.storagePath)
    return { path }
  } catch (error) {
    const why = (error as Error).message
    say(`arc: ${path} can't be written (${why}); commands find this hub only with --port ${hub.port}`)
    return {}
  }
}

/**
 * Writes the pid file of a room in `.arc/` again if that folder is deleted: without it `arc stop` and `arc status` don't find
 * the hub, which could not say that its storage is gone. It watches the folder above, in which little happens.
 */
function keepPidFile(path: string, hub: Hub): { close(): void } | undefined {
  const room = dirname(path)
  const project = dirname(room)
  if (basename(room) !== ROOM_FOLDER) return undefined
  const look = () => {
    if (!existsSync(path) && existsSync(project)) announce(hub, false)
  }
  try {
    // Not at once: the project may be about to be deleted.
    const looksFor = (lost: string) => (_event: string, name: string | null) => {
      if (name === lost) setTimeout(look, GONE_MS).unref()
    }
    const watchers = [
      watch(project, { persistent: false }, looksFor(ROOM_FOLDER)),
      watch(room, { persistent: false }, looksFor(basename(path))),
    ]
    for (const watcher of watchers) watcher.on('error', () => watcher.close())
    return {
      close: () => {
        for (const watcher of watchers) watcher.close()
      },
    }
  } catch {
    return undefined // a system without such watches
  }
}

/** The hub of another process that a pid file names, and which runs. */
function livingOther(path: string, hub: Hub): PidFile | undefined {
  const present = judgePidFile(path, urlHost(hub.host))
  const isOthers = present && !('reason' in present) && present.pid !== process.pid && isAlive(present.pid)
  return isOthers ? present : undefined
}

/** An `arc ensure` that has ended meanwhile hears nothing, and the hub runs on. */
function report(message: StartReport): void {
  process.send?.(message, () => {
    if (process.connected) process.disconnect()
  })
}

/** The hub is a bundle of its own, with a class of errors of its own. */
function asArcError(error: unknown): ArcError {
  if (error instanceof Error && error.name === 'ArcError')
    return ArcError.fromData((error as ArcError).toData())
  return new ArcError('start_failed', String(error))
}
