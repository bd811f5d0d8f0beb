// The life of an actor inside its thread: load → boot → init → ready → handle → terminate.
//
// A thread entry calls `runActor` once. The supervisor then boots the actor over a control link, introduces each peer after
// each of the peer's starts, and ends the actor. An actor reports an error of its start, and its thread waits for its end.
// A later unexpected error ends the thread, and the supervisor starts a new one.

import { type MessagePort, workerData } from 'node:worker_threads'
import { ArcError, type ErrorData } from '../../protocol/errors.js'
import { Link } from './link.js'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type LogFields = Record<string, unknown>
export type Log = (level: LogLevel, message: string, fields?: LogFields) => void

/** Supervisor → actor. */
export type ActorContract = {
  boot: { input: ActorBoot; output: undefined }
  introduce: { input: { peer: string; port: MessagePort }; output: undefined }
  stop: { input: undefined; output: undefined }
  /** Ends this thread, between two events. */
  exit: { input: undefined; output: undefined }
}

/** Actor → supervisor. `info` holds the actor's facts for others, such as its port. */
export type SupervisorContract = {
  ready: { input: unknown; output: undefined }
  failed: { input: ErrorData; output: undefined }
  log: { input: { level: LogLevel; message: string; fields: LogFields }; output: undefined }
  /** Asks the supervisor to stop the whole tree in order. */
  stopAll: { input: { reason: string }; output: undefined }
}

export interface ActorContext<Config> {
  readonly config: Config
  readonly log: Log
  stopAll(reason: string): void
}

export interface Actor {
  /** The supervisor gets it when the actor is ready. */
  readonly info?: unknown
  /** Gives the actor a port to a peer, at the first start and after each restart. The port to the former thread is closed. */
  introduce(peer: string, port: MessagePort): void
  /** Settles when the actor, introduced to its running peers, can do its work. */
  started?(): Promise<void>
  /** Ends the actor in order: it finishes accepted work, and closes its files and sockets. */
  stop(): Promise<void>
}

export interface ActorBoot {
  readonly config: unknown
  /** Ports to the running peers. */
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
    exit: () => process.exit(1), // ends this thread alone
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
