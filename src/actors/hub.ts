// A hub in this process: starts the tree of actors, and stops it in good order.
//
//   import { startHub } from 'arc-hub/hub'
//   const hub = await startHub({ storagePath: 'arc.sqlite3', port: 0 })
//   …
//   await hub.stop()

import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { VERSION } from '../package.js'
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
import { DEFAULT_HOST, DEFAULT_PORT, HOST_RULE, listenHost, urlHost } from './address.js'
import type { GatewayInfo } from './gateway.actor.js'
import { createLog } from './log.js'
import type { LogSetting } from './log-settings.js'
import type { LogSink } from './log-sinks.js'
import type { Intensity } from './runtime/restart-window.js'
import { Supervisor } from './runtime/supervisor.js'
import type { StorageInfo } from './storage.actor.js'
import { tree } from './tree.js'

export interface HubOptions {
  /** The SQLite file; made if it is missing, its folder too. */
  readonly storagePath: string
  /** Address or name of this machine to listen on; `[::1]` and `::1` are the same. Default 127.0.0.1. */
  readonly host?: string | undefined
  /** Default 6969; 0 takes any free one. The bounds of this number and the others stand in `HUB_NUMBERS`. */
  readonly port?: number | undefined
  readonly limits?: Partial<Limits> | undefined
  /** Seconds without a sign of life after which a session expires; at least 5. Default 120. */
  readonly presenceTtlSec?: number | undefined
  /** Serve peers on other machines. Default false. */
  readonly allowRemote?: boolean | undefined
  /** Names that `Host` may hold besides IP addresses and localhost (PROTOCOL §16). */
  readonly allowHosts?: readonly string[] | undefined
  /** The folder of the file relay (PROTOCOL §10); made if it is missing. Default: no relay. */
  readonly spoolDir?: string | undefined
  /** Seconds after which a relay request that was not executed yet is refused. Default 600. */
  readonly requestTtlSec?: number | undefined
  /** False: find relay requests by looking now and then, as on a file system without events. Default true. */
  readonly watchSpool?: boolean | undefined
  /** Default `info`. */
  readonly logLevel?: LogSetting | undefined
  /** Default: standard error. */
  readonly logSink?: LogSink | undefined
  /** Restarts of actors after which the hub gives up. Default 5 in 30 s. */
  readonly intensity?: Intensity | undefined
  /** Aborted to stop the hub, at any time: one that is still starting is not started then. */
  readonly signal?: AbortSignal | undefined
}

export interface Hub {
  readonly url: string
  readonly host: string
  readonly port: number
  /** Names the stored state (PROTOCOL §8). */
  readonly instanceId: string
  readonly storagePath: string
  readonly startedAtMs: number
  /** Settles with the exit status when the hub has stopped: 0, or 1 after it gave up. */
  readonly stopped: Promise<number>
  /** Answers whoever waits, commits what was accepted, closes the database. */
  stop(): Promise<void>
  /** Ends one actor's thread on the spot, as a crash would: for fault tests. */
  kill(actor: 'storage' | 'gateway' | 'relay'): Promise<void>
}

/**
 * Starts a hub.
 * @throws ArcError `storage_unusable`, `port_in_use`, `spool_unusable`, `start_failed`: each says what to do;
 * `aborted` when `signal` was
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
    hubId: randomUUID(),
    port: options.port ?? DEFAULT_PORT,
    limits,
    presenceTtlSec,
    allowRemote: options.allowRemote ?? false,
    allowHosts: options.allowHosts ?? [],
    process: { version: VERSION, pid: process.pid, startedAtMs, host, spoolDir },
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

/** @throws ArcError `start_failed` that names what does not fit */
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
