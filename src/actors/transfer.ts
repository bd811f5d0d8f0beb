// Moves a room: out of a storage into a file, and out of a file into a storage. No hub takes part.

import { createReadStream, createWriteStream, existsSync, rmSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ArcError } from '../protocol/errors.js'
import { linesOf, type RoomContent, type Row, roomIn } from '../storage/room-file.js'
import { isServer, refuseClosed, storageFile, storageName } from '../storage-file.js'

export interface Moved {
  /** The name of the storage. */
  readonly storage: string
  readonly rows: number
  readonly messages: number
}

type Count = { rows: number; messages: number }

/**
 * Writes a room into a new file, which only its owner may read. Hubs may use the room meanwhile.
 * @throws ArcError `storage_unusable` if there is no room, or the file exists
 */
export async function exportRoom(
  storage: string,
  path: string,
  progress: (rows: number) => void,
): Promise<Moved> {
  refuseClosed(storage)
  if (!isServer(storage) && !existsSync(storageFile(storage))) {
    throw new ArcError(
      'storage_unusable',
      `there is no room in ${storageFile(storage)}; name its storage with --storage`,
    )
  }
  if (existsSync(path)) throw new ArcError('storage_unusable', `${path} exists; give the name of a new file`)
  const count: Count = { rows: 0, messages: 0 }
  const { readRoom } = await engineOf(storage)
  try {
    await readRoom(storage, async (room) => {
      const lines = Readable.from(linesOf(counted(room, count, progress)))
      await pipeline(lines, createWriteStream(path, { flags: 'wx', mode: 0o600 }))
    })
  } catch (error) {
    const { code, syscall, message } = error as NodeJS.ErrnoException
    if (syscall === 'open' && code !== undefined)
      throw new ArcError('storage_unusable', `${path} can't be written (${message})`, { cause: error })
    rmSync(path, { force: true }) // a part of a room
    throw error
  }
  return { storage: storageName(storage), ...count }
}

/** Reads a file into a storage that is new. @throws ArcError `storage_unusable` if it is not, or the file is no room */
export async function importRoom(
  path: string,
  storage: string,
  progress: (rows: number) => void,
): Promise<Moved> {
  if (!existsSync(path)) throw new ArcError('storage_unusable', `there is no file ${path}`)
  refuseClosed(storage)
  if (!isServer(storage) && existsSync(storageFile(storage))) {
    const text = `${storageFile(storage)} exists; import into a new file, or delete that one: arc reset`
    throw new ArcError('storage_unusable', text)
  }
  const count: Count = { rows: 0, messages: 0 }
  const { writeRoom } = await engineOf(storage)
  const room = await roomIn(linesIn(path), path)
  try {
    await writeRoom(storage, counted(room, count, progress))
  } catch (error) {
    if (!isServer(storage))
      for (const end of ['', '-wal', '-shm']) rmSync(storageFile(storage) + end, { force: true })
    throw error
  }
  return { storage: storageName(storage), ...count }
}

function engineOf(storage: string) {
  return isServer(storage)
    ? import('../storage/postgres/transfer.js')
    : import('../storage/sqlite/transfer.js')
}

function counted(room: RoomContent, count: Count, progress: (rows: number) => void): RoomContent {
  async function* rows(): AsyncGenerator<Row> {
    for await (const row of room.rows) {
      count.rows++
      if (row.table === 'messages') count.messages++
      if (count.rows % 1_000 === 0) progress(count.rows)
      yield row
    }
  }
  return { counters: room.counters, rows: rows() }
}

const NEWLINE = 10

/**
 * The lines of a file. Not by `node:readline`, which since Node 24 also ends a line at U+2028 and U+2029: in JSON these stand
 * in a text as they are.
 */
async function* linesIn(path: string): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      yield Buffer.concat([...parts, chunk.subarray(start, end)])
      parts = []
      start = end + 1
    }
    parts.push(chunk.subarray(start))
  }
  yield Buffer.concat(parts)
}
