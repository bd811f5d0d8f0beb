// The storage actor: the only thread that touches the database. It connects the doors' links to the committer, the
// committer to the backend and the feed, and the feed to the doors.
//
// `stop` ends it: it commits and answers all accepted commands, then closes the database.

import type { MessagePort } from 'node:worker_threads'
import { ArcError } from '../protocol/errors.js'
import type { ChangeTopic } from '../protocol/kinds.js'
import { isTransient, type StorageBackend } from '../storage/backend.js'
import { changedBy, FOREIGN_CHANGES } from '../storage/changes.js'
import { Committer } from '../storage/committer.js'
import type { DoorContract, StorageContract } from '../storage/contract.js'
import { Expiry } from '../storage/expiry.js'
import { type DoorLink, Feed } from '../storage/feed.js'
import { ProcessWatch } from '../storage/process-watch.js'
import { ShutdownTimer } from '../storage/shutdown.js'
import { SqliteBackend } from '../storage/sqlite/backend.js'
import { Status } from '../storage/status.js'
import { waitingAt } from '../storage/waiting.js'
import { isServer } from '../storage-file.js'
import { type Actor, type ActorContext, runActor } from './runtime/actor.js'
import { type Incoming, Link } from './runtime/link.js'

export interface StorageConfig {
  readonly storagePath: string
  /** Tells this hub process from others on the same storage. */
  readonly hubId: string
  readonly presenceTtlSec: number
  readonly allowRemote: boolean
  /** The stored state that this hub served before. The actor refuses another one in its place. */
  readonly expectedInstanceId: string | undefined
}

/** Milliseconds between two deletions of old outcomes and ended sessions. */
const PRUNE_MS = 60_000

export type StorageInfo = StorageBackend['facts']

runActor<StorageConfig>(async ({ config, log, stopAll }: ActorContext<StorageConfig>): Promise<Actor> => {
  const backend = await openBackend({ ...config, log })
  mustBe(config.expectedInstanceId, backend)
  const feed = new Feed(backend, await backend.latestId())
  const doors = new Set<DoorLink>()

  const committer: Committer = new Committer({
    backend,
    feed,
    takeIn: () => [...doors].map((door) => door.drain()).includes(true),
    flush: () => {
      for (const door of doors) door.flush()
    },
    onCommitted: async (submissions) => {
      tellChanged(changedBy(submissions))
      const ops = submissions.map((submission) => submission.command.op)
      if (ops.some((op) => op.startsWith('shutdown.'))) await shutdown.arm()
      if (ops.includes('network.set')) {
        const allowRemote = await backend.allowRemote()
        for (const door of doors) door.cast('network', { allowRemote })
      }
    },
  })
  const shutdown = new ShutdownTimer(committer, backend, () => stopAll('a shutdown was asked for'))
  const expiry = new Expiry({ committer, backend, doors, presenceTtlSec: config.presenceTtlSec })
  const processWatch = new ProcessWatch({ committer, backend })
  const status = new Status((input) => committed(() => backend.query({ op: 'status.get', input })))
  const pruning = setInterval(() => committer.afterCommit(() => backend.prune()), PRUNE_MS)
  const unwatchLoss = backend.watchLoss((problem) => log('error', problem))
  const unwatch = backend.watchForeignCommits(() => {
    committer.afterCommit(() => feed.catchUp().catch(ignorePassing))
    tellChanged(FOREIGN_CHANGES)
  })
  await shutdown.arm()
  log('info', `storage is ${backend.facts.storagePath}, instance ${backend.facts.instanceId}`)

  function tellChanged(topics: readonly ChangeTopic[]): void {
    if (topics.length > 0) for (const door of doors) door.cast('changed', topics)
  }

  /** Answers a call by `work` on committed state. A refusal is an answer; any other error is a defect and is logged. */
  async function answer<T>(
    incoming: { reply(value: T): void; fail(error: unknown): void },
    work: () => T | Promise<T>,
  ) {
    try {
      incoming.reply(await work())
    } catch (error) {
      if (!(error instanceof ArcError))
        log('error', `a query failed: ${error instanceof Error ? error.stack : error}`)
      incoming.fail(error)
    }
  }

  /** Runs `work` after the current batch. */
  function committed<T>(work: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) =>
      committer.afterCommit(async () => {
        try {
          resolve(await work())
        } catch (error) {
          reject(error)
        }
      }),
    )
  }

  function openDoor(port: MessagePort): void {
    const later = <T>(
      incoming: Incoming<StorageContract> & { reply(value: T): void },
      work: () => T | Promise<T>,
    ) => committer.afterCommit(() => answer(incoming, work))
    const door: DoorLink = new Link<DoorContract, StorageContract>(
      port,
      {
        submit: (incoming) => committer.submit(incoming),
        query: (incoming) => {
          const { input } = incoming
          if (input.op.startsWith('agents.'))
            void answer(incoming, () => expiry.beforeReading(() => committed(() => backend.query(input))))
          else later(incoming, () => backend.query(input))
        },
        page: (incoming) => later(incoming, () => backend.page(incoming.input)),
        status: async (incoming) => {
          const input = { ...(await waitingAt(doors)), ...backend.health() }
          void answer(incoming, () => status.answer(input))
        },
        touch: ({ input }) => committer.touch(input),
        sync: (incoming) => later(incoming, () => undefined),
        connect: (incoming) =>
          later(incoming, async () => {
            const allowRemote = await backend.allowRemote()
            door.cast('connected', { ...backend.facts, latestId: feed.publishedId, allowRemote })
            const { afterId } = incoming.input
            if (afterId !== null) await feed.subscribe(door, afterId)
            return undefined
          }),
        subscribe: (incoming) =>
          later(incoming, async () => {
            await feed.subscribe(door, incoming.input.afterId)
            return undefined
          }),
      },
      () => {
        doors.delete(door)
        feed.remove(door)
      },
    )
    doors.add(door)
  }

  return {
    info: backend.facts satisfies StorageInfo,
    introduce: (_peer, port) => openDoor(port),
    stop: async () => {
      expiry.stop()
      processWatch.stop()
      clearInterval(pruning)
      unwatch()
      unwatchLoss()
      shutdown.disarm()
      await committer.settled()
      for (const door of doors) door.close()
      await backend.close()
    },
  }
})

/** Loads the engine of a server only for a server. */
async function openBackend(
  options: StorageConfig & Pick<ActorContext<StorageConfig>, 'log'>,
): Promise<StorageBackend> {
  if (!isServer(options.storagePath)) return SqliteBackend.open(options)
  const { PostgresBackend } = await import('../storage/postgres/backend.js')
  return PostgresBackend.open(options)
}

/** The backend calls back again when its storage can be read again. */
function ignorePassing(error: unknown): void {
  if (!isTransient(error)) throw error
}

/** @throws ArcError `storage_lost` if another storage is in the place of the one that this hub served before */
function mustBe(instanceId: string | undefined, { facts }: StorageBackend): void {
  if (instanceId === undefined || instanceId === facts.instanceId) return
  const text = `the database ${facts.storagePath} was replaced while the hub ran: it was ${instanceId}, now it is ${facts.instanceId}; start the hub again (arc ensure)`
  throw new ArcError('storage_lost', text)
}
