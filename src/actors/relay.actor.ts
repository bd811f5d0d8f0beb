// The relay actor: the file door on a thread of its own. It connects the spool's host and the dispatcher to the storage's
// feed. If it crashes, it leaves claimed requests, and its successor finishes them.

import { Dispatcher } from '../dispatch/dispatcher.js'
import type { HubProcess } from '../dispatch/hub-info.js'
import { QueueHost } from '../fsqueue/host.js'
import type { Entered } from '../fsqueue/spool.js'
import { ArcError } from '../protocol/errors.js'
import { type Limits, maxRequestBytes } from '../protocol/limits.js'
import { REQUEST_FILE_EXTRA_BYTES } from '../protocol/relay.js'
import { RelayDoor } from '../relay/door.js'
import { StorageClient } from '../storage/client.js'
import { type Actor, type ActorContext, runActor } from './runtime/actor.js'
import { usingSpool } from './using-spool.js'

export interface RelayConfig {
  readonly spoolDir: string
  readonly requestTtlSec: number
  /** False: finds requests by scans alone. */
  readonly watch: boolean
  readonly instanceId: string
  readonly limits: Limits
  readonly presenceTtlSec: number
  readonly hubProcess: HubProcess
  /** The supervisor has entered the spool at the first start. */
  readonly entered: Entered | undefined
}

const CATCH_UP_MS = 1_000
/** Milliseconds, as in the gateway but later. */
const LOAD_ROUTES_AFTER_MS = 600

runActor<RelayConfig>(async ({ config, log }: ActorContext<RelayConfig>): Promise<Actor> => {
  const { spoolDir, entered } = config
  const storage = new StorageClient({
    connected: ({ input }) => dispatcher.connected(input),
    published: ({ input }) => dispatcher.published(input),
    skipped: ({ input }) => dispatcher.skipped(input.latestId),
    changed: ({ input }) => dispatcher.changed(input),
    waiting: ({ reply }) => reply(dispatcher.waiting),
    network: ({ input }) => dispatcher.networkChanged(input.allowRemote),
  })
  const dispatcher = new Dispatcher({
    ...config,
    storage,
    onDefect: (error, { method, target }) => {
      log('error', `${method} ${target} failed: ${error instanceof Error ? error.stack : error}`)
    },
  })
  const door = new RelayDoor({ dispatcher, requestTtlMs: config.requestTtlSec * 1_000 })
  const host = new QueueHost({
    spool: spoolDir,
    state: config.instanceId,
    executor: door.execute,
    maxRequestBytes: maxRequestBytes(config.limits) + REQUEST_FILE_EXTRA_BYTES,
    watch: config.watch,
    log,
    onFailure: (error) => {
      // Ends this thread; its successor finishes the claimed requests.
      setImmediate(() => {
        throw error
      })
    },
  })
  let connected: Promise<void> = Promise.reject(new ArcError('start_failed', 'no storage to connect to'))
  connected.catch(() => {})

  return {
    introduce: (_peer, storagePort) => {
      connected = storage.connect(storagePort, dispatcher.cursor).then(() => dispatcher.resumed())
      connected.catch((error) => log('warn', `not connected to the storage: ${error.message}`))
    },
    started: async () => {
      await connected
      usingSpool(spoolDir, () => host.start(entered))
      setTimeout(() => dispatcher.loadRoutes(), LOAD_ROUTES_AFTER_MS)
    },
    stop: async () => {
      await storage.caughtUp(CATCH_UP_MS)
      dispatcher.end()
      door.close()
      await host.stop()
      storage.close()
    },
  }
})
