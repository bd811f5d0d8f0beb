// The hubs that a benchmark loads: new ones in folders of their own, or running ones by their addresses.

import { join } from 'node:path'
import { Pool } from 'undici'
import { newRoom } from './databases.js'
import { makeFolder } from './folders.js'
import { type ServerProcess, script, startServer } from './processes.js'
import type { Who } from './report.js'

export interface HubUnderTest {
  readonly who: Exclude<Who, 'bare'>
  readonly url: string
  readonly spoolDir: string | undefined
  /** Undefined for a hub on another machine, and for one that does not say. */
  readonly pid: number | undefined
  /** The bench started it, and nobody else uses it. */
  readonly isOwn: boolean
}

/** A running hub, from the command line. */
export interface Address {
  readonly url: string
  readonly spoolDir?: string | undefined
}

const HUB = script('hub-process')

/** Runs a new hub until `work` ends, on `storage` or in a folder of its own. */
export async function withOwnHub<T>(work: (hub: HubUnderTest) => Promise<T>, storage?: string): Promise<T> {
  const folder = makeFolder()
  const spoolDir = join(folder, 'spool')
  const room = storage === undefined ? await newRoom() : undefined
  const server = await startServer(HUB, [storage ?? room?.storage ?? join(folder, 'arc.sqlite3'), spoolDir])
  try {
    return await work({ ...named(server), spoolDir })
  } finally {
    await server.stop()
    await room?.remove()
  }
}

function named({ port, pid }: ServerProcess): HubUnderTest {
  return { who: 'hub', url: `http://127.0.0.1:${port}`, spoolDir: undefined, pid, isOwn: true }
}

/** @throws Error when no hub answers there */
export async function runningHub(
  who: HubUnderTest['who'],
  { url, spoolDir }: Address,
): Promise<HubUnderTest> {
  const base = url.replace(/\/+$/, '')
  await result(base, '/v1/hub-info').catch((error: Error) => {
    throw new Error(`no hub answers at ${base}: ${error.message}`)
  })
  const status = await result<{ pid?: number }>(base, '/v1/status').catch(() => undefined)
  return { who, url: base, spoolDir, pid: status?.pid, isOwn: false }
}

/** The result of one GET. @throws Error for anything but a success */
export async function result<T>(url: string, path: string): Promise<T> {
  const pool = new Pool(url, { connections: 1 })
  try {
    const { statusCode, body } = await pool.request({ method: 'GET', path })
    const text = await body.text()
    if (statusCode !== 200) throw new Error(`GET ${path}: ${statusCode} ${text.slice(0, 200)}`)
    return (JSON.parse(text) as { result: T }).result
  } finally {
    await pool.close()
  }
}
