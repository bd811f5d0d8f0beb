// `arc reset`: stops the hub and deletes its database files, so that the next one starts with nothing. A person at a terminal is
// asked before.

import { closeSync, existsSync, openSync, readSync, rmSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { ArcError } from '../../protocol/errors.js'
import { defaultStorage, isServer, refuseClosed, storageName } from '../../storage-file.js'
import { command } from '../command.js'
import { wantedArguments, wantedFrom } from '../hub-arguments.js'
import { isAnotherProjects } from '../other-project.js'
import { ExitStatus, say, showFacts } from '../output.js'
import { agreesTo, isAtTerminal } from '../question.js'
import { findRunningHub, type Wanted } from '../running-hub.js'
import { type Stopping, stopHub } from '../stopping.js'

const args = {
  ...wantedArguments,
  yes: { type: 'boolean', alias: 'y', description: 'Ask nothing, at a terminal either' },
} as const

const FOUNDED_WITHIN_MS = 500
/** The first bytes of an SQLite file; a new one is empty. */
const HEADER = 'SQLite format 3\0'

export default command({
  args,
  examples: [
    ['arc reset', 'stop the hub, and start with nothing'],
    ['arc reset --yes', 'without a question'],
  ],
  async run(given) {
    const wanted = wantedFrom(given)
    const meant = storageName(wanted.storage ?? defaultStorage())
    refuseServer(meant)
    if (!wanted.url) refuseClosed(meant)
    if (given.yes !== true && isAtTerminal()) await ask(wanted, meant)
    const stopped = await stopHub(wanted, (hub) => {
      refuseServer(hub.storagePath)
      refuseUnmeant(hub, meant, wanted)
    }).catch((error: unknown) => {
      // No hub runs, so only the files are left. Any other error means that a hub may still be writing.
      // But a URL names a hub, not the files in this folder.
      if (error instanceof ArcError && error.code === 'no_hub' && !wanted.url) return undefined
      throw error
    })
    const storage = stopped?.storagePath ?? meant
    refuseServer(storage)
    refuseOther(storage)
    await refuseInUse(storage, stopped !== undefined)
    const removed = ['', '-wal', '-shm'].map((suffix) => storage + suffix).filter((path) => existsSync(path))
    await nextSecondAfter(storage)
    for (const path of removed) orRefuse(path, () => rmSync(path))
    await showFacts(
      given,
      removed.length > 0
        ? { reset: true, removed }
        : { reset: true, note: `${storage} does not exist; nothing to delete` },
    )
  },
})

/** @throws ArcError for a room on a database server, which other hubs may use */
function refuseServer(storage: string): void {
  if (!isServer(storage)) return
  const text = `${storage} is a room on a database server, which other hubs may use, and nothing was deleted: stop them all, then run psql '${storage}' -c 'DROP SCHEMA arc CASCADE'`
  throw new ArcError('storage_unusable', text)
}

/** Before anything is proven: a proof would be old by the time of the answer. @throws ExitStatus 1 after a no */
async function ask(wanted: Wanted, meant: string): Promise<void> {
  const { hub } = await findRunningHub(wanted)
  if (hub) refuseServer(hub.probe.info.storage_path)
  const running = hub && !isAnotherProjects(hub, wanted) ? hub : undefined
  const storage = running?.probe.info.storage_path ?? meant
  if (!running && !existsSync(storage)) return
  const first = running ? `Stop the hub at ${running.url}, and delete` : 'Delete'
  if (await agreesTo(`${first} ${storage} with all that was said?`)) return
  say('nothing was stopped or deleted')
  throw new ExitStatus(1)
}

/**
 * Only a proven process may name the database to delete: any other could name any file of this user. ARC_BASE_URL says where
 * to talk, and not what to delete.
 */
function refuseUnmeant(
  { url, storagePath, isProven }: Stopping,
  meant: string,
  { isByEnvironment }: Wanted,
): void {
  if (storagePath === meant || (isProven && !isByEnvironment)) return
  if (isProven) {
    const text =
      `ARC_BASE_URL names the hub at ${url}, whose database is ${storagePath}: nothing was stopped or deleted. ` +
      `If you mean that one: arc reset --base-url ${url}`
    throw new ArcError('unproven_hub', text)
  }
  const text =
    `the hub at ${url} says that its database is ${storagePath}, but it can't be proven that this is a hub of yours: ` +
    'nothing was stopped or deleted. Stop it with arc stop, then give the file with arc reset --storage'
  throw new ArcError('unproven_hub', text)
}

/** @throws ArcError for a file that is no SQLite database: the name may be mistyped */
function refuseOther(storage: string): void {
  if (!existsSync(storage)) return
  const isDatabase = orRefuse(
    storage,
    () => statSync(storage).isFile() && [HEADER, ''].includes(beginning(storage)),
  )
  if (isDatabase) return
  const text = `${storage} is not an SQLite database, nothing was deleted; give the database file with --storage`
  throw new ArcError('storage_unusable', text)
}

/** @throws ArcError if the system refuses the work on a file */
function orRefuse<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const text = `${path} can't be deleted (${(error as Error).message}); check whose it is, or name another room with --storage`
    throw new ArcError('storage_unusable', text)
  }
}

function beginning(path: string): string {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(HEADER.length)
    return bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, 0))
  } finally {
    closeSync(file)
  }
}

/**
 * Several hubs may run on one file, and this command stopped only one. @throws ArcError if another one has it open. Three
 * signs: a pid file, a hub at the default address, and a `-shm` file, which the last hub to close a database removes.
 */
async function refuseInUse(storage: string, wasStopped: boolean): Promise<void> {
  const { hub } = await findRunningHub({ storage })
  if (!hub && !(wasStopped && existsSync(`${storage}-shm`))) return
  const who = hub ? `the hub at ${hub.url}` : 'another hub'
  const stop = hub ? `arc stop --port ${new URL(hub.url).port || 80}` : 'arc stop --port'
  const text = `${who} still uses ${storage}, nothing was deleted; stop that hub with ${stop}, then try again`
  throw new ArcError('storage_unusable', text)
}

/**
 * Waits until a new storage at this path gets another instance id, which has the second of its creation (PROTOCOL §8). A
 * hub creates the channels a moment after the file, perhaps in the next second.
 */
async function nextSecondAfter(storage: string): Promise<void> {
  const madeAtMs = existsSync(storage) ? statSync(storage).birthtimeMs : 0
  const waitMs = (Math.floor((madeAtMs + FOUNDED_WITHIN_MS) / 1_000) + 1) * 1_000 - Date.now()
  if (waitMs > 0 && waitMs <= 1_000 + FOUNDED_WITHIN_MS) await sleep(waitMs)
}
