// `arc`: the hub in the foreground. `arc ensure` starts the same command in the background, which reports over IPC that the
// hub is ready, or why it did not start.

import { dirname } from 'node:path'
import type { Hub } from '../../actors/hub.js'
import { logFile } from '../../actors/log-file.js'
import { standardError } from '../../actors/log-sinks.js'
import { makeFolder } from '../../folder.js'
import { isAlive } from '../../process-stat.js'
import { urlHost } from '../../protocol/address.js'
import { ArcError, type ErrorData } from '../../protocol/errors.js'
import { judgePidFile, logFileOf, pidFileOf, removePidFile, writePidFile } from '../../sdk/pid-file.js'
import { refuseClosed, rememberStorage } from '../../storage-file.js'
import { silentCommand } from '../command.js'
import { hubArguments, hubOptionsFrom } from '../hub-arguments.js'
import { forPeople } from '../log-lines.js'
import { ExitStatus, say, serving } from '../output.js'

/** The report of a started hub to `arc ensure`. */
export type StartReport =
  | { readonly ready: { readonly url: string; readonly pid: number } }
  | { readonly failed: ErrorData }

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
    const pidFile = announce(hub)
    report({ ready: { url: hub.url, pid: process.pid } })
    const status = await hub.stopped
    if (pidFile) removePidFile(pidFile, process.pid)
    throw new ExitStatus(status)
  },
})

/**
 * Writes the pid file, unless a living hub on the same storage has written its own. A file that commands would not believe
 * is replaced.
 */
function announce(hub: Hub): string | undefined {
  const path = pidFileOf(hub.storagePath)
  const present = judgePidFile(path, urlHost(hub.host))
  const isOthers = present && !('reason' in present) && present.pid !== process.pid && isAlive(present.pid)
  if (isOthers && present.port !== hub.port) {
    say(`arc: ${path} belongs to the hub at ${present.url}; stop this one with: arc stop --port ${hub.port}`)
    return undefined
  }
  try {
    makeFolder(dirname(path)) // a database server's room has none before
    writePidFile(path, {
      pid: process.pid,
      port: hub.port,
      url: hub.url,
      instance_id: hub.instanceId,
      started_at: new Date(hub.startedAtMs).toISOString(),
    })
    rememberStorage(hub.storagePath)
    return path
  } catch (error) {
    const why = (error as Error).message
    say(`arc: ${path} can't be written (${why}); commands find this hub only with --port ${hub.port}`)
    return undefined
  }
}

function report(message: StartReport): void {
  process.send?.(message, () => process.disconnect())
}

/** The hub is a bundle of its own, with a class of errors of its own. */
function asArcError(error: unknown): ArcError {
  if (error instanceof Error && error.name === 'ArcError')
    return ArcError.fromData((error as ArcError).toData())
  return new ArcError('start_failed', String(error))
}
