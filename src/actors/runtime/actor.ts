// The life of an actor inside its thread: load → boot → init → ready → handle → terminate.
//
// A thread entry calls `runActor` once. The supervisor's control link then boots it, introduces it to its peers,
// as often as they are restarted, and ends it. An error while it starts is reported and the thread waits
// to be terminated; an unexpected error later ends the thread, and the supervisor starts a new one.

import { type MessagePort, workerData } from 'node:worker_threads'
import { ArcError, type ErrorData } from '../../protocol/errors.js'
import { Link } from './link.js'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type LogFields = Record<string, unknown>
export type Log = (level: LogLevel, message: string, fields?: LogFields) => void

/** What a supervisor tells an actor. */
export type ActorContract = {
  boot: { input: ActorBoot; output: undefined }
  introduce: { input: { peer: string; port: MessagePort }; output: undefined }
  stop: { input: undefined; output: undefined }
  /** Ends this thread, between two events. */
  exit: { input: undefined; output: undefined }
}

/** What an actor tells its supervisor. `info` is what others need to know of it, such as its port. */
export type SupervisorContract = {
  ready: { input: unknown; output: undefined }
  failed: { input: ErrorData; output: undefined }
  log: { input: { level: LogLevel; message: string; fields: LogFields }; output: undefined }
  /** The actor asks for the whole tree to be stopped in good order. */
  stopAll: { input: { reason: string }; output: undefined }
}

export interface ActorContext<Config> {
  readonly config: Config
  readonly log: Log
  stopAll(reason: string): void
}

export interface Actor {
  /** Reported to the supervisor as this actor becomes ready. */
  readonly info?: unknown
  /** A peer is there, for the first time or anew after a restart; the port of its former life is closed. */
  introduce(peer: string, port: MessagePort): void
  /** Settles when the actor, introduced to the peers that are there, can do its work. */
  started?(): Promise<void>
  /** Ends in good order: finish what was accepted, close what is open. */
  stop(): Promise<void>
}

export interface ActorBoot {
  readonly config: unknown
  /** Ports to the peers that run already. */
  readonly peers: readonly { readonly peer: string; readonly port: MessagePort }[]
}

export function runActor<Config>(init: (context: ActorContext<Config>) => Actor | Promise<Actor>): void {
  let actor: Actor | undefined
  const supervisor = new Link<SupervisorContract, ActorContract>(workerData as MessagePort, {
    boot: ({ input }) =>
      start(input).then(
        (info) => supervisor.cast('ready', info),
        (error) => supervisor.cast('failed', asStartError(error).toData()),
      ),
    introduce: ({ input }) => actor?.introduce(input.peer, input.port),
    exit: () => process.exit(1), // of this thread alone
    stop: (incoming) => {
      const stopped = actor ? actor.stop() : Promise.resolve()
      stopped.then(() => incoming.reply(undefined), incoming.fail)
    },
  })
  const start = async ({ config, peers }: ActorBoot) => {
    actor = await init({
      config: config as Config,
      log: (level, message, fields = {}) => supervisor.cast('log', { level, message, fields }),
      stopAll: (reason) => supervisor.cast('stopAll', { reason }),
    })
    for (const { peer, port } of peers) actor.introduce(peer, port)
    await actor.started?.()
    return actor.info
  }
}

function asStartError(error: unknown): ArcError {
  if (error instanceof ArcError) return error
  return new ArcError('start_failed', error instanceof Error ? (error.stack ?? error.message) : String(error))
}
