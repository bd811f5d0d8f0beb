// The public export `arc-hub/hub`: a hub in this process. It starts the tree of actors, and stops it in order.
//
//   import { startHub } from 'arc-hub/hub'
//   const hub = await startHub({ storagePath: 'arc.sqlite3', port: 0 })
//   …
//   await hub.stop()

import { resolve } from 'node:path'
import { version } from '../package.js'
import { DEFAULT_HOST, DEFAULT_PORT, HOST_RULE, listenHost, urlHost } from '../protocol/address.js'
import { ArcError } from '../protocol/errors.js'
import {
  DEFAULT_LIMITS,
  type Limits,
  MAX_REQUEST_BYTES,
  maxRequestBytes,
  PRESENCE_TTL_SEC,
} from '../protocol/limits.js'
import { type Bounds, HUB_NUMBERS, misfit } from '../protocol/numbers.js'
import { REQUEST_TTL_SEC } from '../protocol/relay.js'
import type { GatewayInfo } from './gateway.actor.js'
import { createLog } from './log.js'
import type { LogSetting } from './log-settings.js'
import type { LogSink } from './log-sinks.js'
import type { Intensity } from './runtime/restart-window.js'
import { Supervisor } from './runtime/supervisor.js'
import type { StorageInfo } from './storage.actor.js'
import { tree } from './tree.js'

export interface HubOptions {
  /**
   * The SQLite file. Created if missing, with its folder. `:memory:` is a database without a file. Or the URL of a PostgreSQL
   * database, `postgres://user@host/room`, which several hubs may share; this needs the package pg.
   */
  readonly storagePath: string
  /** The address or name of this machine to listen on. `[::1]` and `::1` are the same. Default 127.0.0.1. */
  readonly host?: string | undefined
  /** 0 to 65,535; 0 takes a free port. Default 6969. */
  readonly port?: number | undefined
  /** The maxima of bodies and attachments (PROTOCOL §2). Default: 128,000, 256,000 and 32. */
  readonly limits?: Partial<Limits> | undefined
  /** Seconds without a sign of life after which a session expires: 5 to 2,592,000, default 120 (PROTOCOL §3). */
  readonly presenceTtlSec?: number | undefined
  /** Serves peers on other machines. Default false (PROTOCOL §16). */
  readonly allowRemote?: boolean | undefined
  /** Names that `Host` may hold besides IP addresses and localhost (PROTOCOL §16). Default none. */
  readonly allowHosts?: readonly string[] | undefined
  /** The folder of the file relay (PROTOCOL §10). Created if missing. Default: no file relay. */
  readonly spoolDir?: string | undefined
  /** Seconds after which the file relay refuses a request that was not executed: 1 to 1,000,000,000, default 600. */
  readonly requestTtlSec?: number | undefined
  /** False: finds request files by scans alone, as on a file system without events. Default true. */
  readonly watchSpool?: boolean | undefined
  /** `trace`, `debug`, `info`, `warn`, `error` or `silent`. Default `info`. */
  readonly logLevel?: LogSetting | undefined
  /** Gets the lines of the log. Default: standard error. */
  readonly logSink?: LogSink | undefined
  /** The hub gives up after more restarts of actors than this. Default 5 in 30 s. */
  readonly intensity?: Intensity | undefined
  /** Its abort stops the hub at any time, also during the start. */
  readonly signal?: AbortSignal | undefined
}

/** A running hub. */
export interface Hub {
  /** `http://host:port`, as clients on this machine reach the hub. */
  readonly url: string
  /** The address or name that it listens on. */
  readonly host: string
  /** The port that it listens on, also for the option `port: 0`. */
  readonly port: number
  /** Names the stored state (PROTOCOL §8). A reset changes it. */
  readonly instanceId: string
  /** The absolute path of the SQLite file, or the URL of the database without its password. */
  readonly storagePath: string
  /** The start, in epoch milliseconds. */
  readonly startedAtMs: number
  /** Resolves when the hub has stopped, with an exit status: 0, or 1 if the hub gave up. */
  readonly stopped: Promise<number>
  /** Answers parked requests, commits accepted commands and closes the database. Resolves when the hub has stopped. */
  stop(): Promise<void>
  /** Ends one actor's thread at once, like a crash. For fault tests. */
  kill(actor: 'storage' | 'gateway' | 'relay'): Promise<void>
}

/**
 * Starts a hub. Resolves when it answers requests. It serves the files of its spool a moment later.
 * @throws ArcError `storage_unusable`, `port_in_use`, `spool_unusable`, or `start_failed` (also for an option beyond its
 * bounds): each says what to do. `aborted` if `signal` is aborted before the hub is up.
 */
export async function startHub(options: HubOptions): Promise<Hub> {
  const host = listenHost(options.host ?? DEFAULT_HOST)
  if (host === undefined) throw new ArcError('start_failed', `host ${HOST_RULE}`)
  const presenceTtlSec = options.presenceTtlSec ?? PRESENCE_TTL_SEC.default
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  checkNumbers(options, limits)
  const startedAtMs = Date.now()
  const spoolDir = options.spoolDir === undefined ? null : resolve(options.spoolDir)
  const log = createLog(options.logLevel ?? 'info', options.logSink)
  const children = tree({
    storagePath: options.storagePath,
    port: options.port ?? DEFAULT_PORT,
    limits,
    presenceTtlSec,
    allowRemote: options.allowRemote ?? false,
    allowHosts: options.allowHosts ?? [],
    hubProcess: { version: version(), pid: process.pid, startedAtMs, host, spoolDir },
    ...(spoolDir !== null && {
      relay: {
        spoolDir,
        requestTtlSec: options.requestTtlSec ?? REQUEST_TTL_SEC,
        watch: options.watchSpool ?? true,
      },
    }),
  })

  let ended: Promise<void> | undefined
  let reportStopped: (exitStatus: number) => void = () => {}
  const stopped = new Promise<number>((resolve) => {
    reportStopped = resolve
  })
  const end = (exitStatus: number) => {
    ended ??= supervisor.stop().then(() => reportStopped(exitStatus))
    return ended
  }
  const supervisor = new Supervisor({
    children,
    log,
    ...(options.intensity && { intensity: options.intensity }),
    onGiveUp: () => end(1),
    onStopAll: (reason) => {
      log('info', `stopping: ${reason}`)
      void end(0)
    },
  })

  options.signal?.addEventListener('abort', () => void end(0), { once: true })
  if (options.signal?.aborted) void end(0)
  await supervisor.start()
  const { port } = supervisor.info('gateway') as GatewayInfo
  const { instanceId, storagePath } = supervisor.info('storage') as StorageInfo
  const url = `http://${urlHost(host)}:${port}`
  log('info', `listening on ${url}`)
  return {
    url,
    host,
    port,
    instanceId,
    storagePath,
    startedAtMs,
    stopped,
    stop: () => end(0),
    kill: (actor) => supervisor.kill(actor, actor === 'gateway' ? 'exit' : 'terminate'),
  }
}

/** @throws ArcError `start_failed` that names the option and its bounds */
function checkNumbers(options: HubOptions, limits: Limits): void {
  const given: Readonly<Record<string, unknown>> = { ...options, ...limits }
  for (const [name, bounds] of Object.entries<Bounds>(HUB_NUMBERS)) {
    const value = given[name]
    const problem = value === undefined ? undefined : misfit(Number(value), bounds)
    if (problem) throw new ArcError('start_failed', `${name} ${problem}`)
  }
  if (maxRequestBytes(limits) > MAX_REQUEST_BYTES) {
    const text =
      `with these limits a request could have ${maxRequestBytes(limits)} bytes, and at most ${MAX_REQUEST_BYTES} bytes ` +
      'are possible: choose a smaller maxBodyChars, maxAttachmentChars or maxAttachments'
    throw new ArcError('start_failed', text)
  }
}
