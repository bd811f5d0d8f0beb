// The gateway actor: the HTTP door on a thread of its own. It connects the server, the guard and the dispatcher to the
// storage's feed. It survives the storage actor; the supervisor introduces each new one.

import { Dispatcher } from '../dispatch/dispatcher.js'
import type { HubProcess } from '../dispatch/hub-info.js'
import { Guard } from '../http/guard.js'
import { HttpDoor } from '../http/server.js'
import { ArcError } from '../protocol/errors.js'
import type { Limits } from '../protocol/limits.js'
import { StorageClient } from '../storage/client.js'
import { type Actor, type ActorContext, runActor } from './runtime/actor.js'

export interface GatewayConfig {
  readonly instanceId: string
  readonly port: number
  readonly allowHosts: readonly string[]
  readonly limits: Limits
  readonly presenceTtlSec: number
  readonly hubProcess: HubProcess
}

export interface GatewayInfo {
  readonly port: number
}

/** Milliseconds for which the end waits for the storage's last messages. */
const CATCH_UP_MS = 1_000
/**
 * Milliseconds after the start at which the door loads the routes, unless a request comes earlier: first `arc ensure` gets
 * the processors. If the routes can't be loaded, the thread ends, and its successor tries again.
 */
const LOAD_ROUTES_AFTER_MS = 400

runActor<GatewayConfig>(async ({ config, log }: ActorContext<GatewayConfig>): Promise<Actor> => {
  const storage = new StorageClient({
    connected: ({ input }) => {
      guard.allowRemote = input.allowRemote
      dispatcher.connected(input)
    },
    published: ({ input }) => dispatcher.published(input),
    skipped: ({ input }) => dispatcher.skipped(input.latestId),
    changed: ({ input }) => dispatcher.changed(input),
    waiting: ({ reply }) => reply(dispatcher.waiting),
    network: ({ input }) => setAllowRemote(input.allowRemote),
  })
  const dispatcher = new Dispatcher({
    ...config,
    storage,
    onDefect: (error, { method, target }) => {
      log('error', `${method} ${target} failed: ${error instanceof Error ? error.stack : error}`)
    },
  })
  const guard = new Guard(config)
  const door = new HttpDoor({ dispatcher, guard, limits: config.limits })
  let connected: Promise<void> = Promise.reject(new ArcError('start_failed', 'no storage to connect to'))
  connected.catch(() => {})

  function setAllowRemote(allowRemote: boolean): void {
    guard.allowRemote = allowRemote
    dispatcher.networkChanged(allowRemote)
  }

  const { host } = config.hubProcess
  const port = await door.listen(host, config.port)
  const info: GatewayInfo = { port }
  return {
    info,
    introduce: (_peer, storagePort) => {
      connected = storage.connect(storagePort, dispatcher.cursor).then(() => dispatcher.resumed())
      // The storage actor died before its answer: the supervisor will introduce the next one.
      connected.catch((error) => log('warn', `not connected to the storage: ${error.message}`))
    },
    started: async () => {
      await connected
      setTimeout(() => dispatcher.loadRoutes(), LOAD_ROUTES_AFTER_MS)
    },
    stop: async () => {
      // Parked requests get what was committed before the end, such as the last notice of a shutdown.
      await storage.caughtUp(CATCH_UP_MS)
      await door.stop()
      storage.close()
    },
  }
})
