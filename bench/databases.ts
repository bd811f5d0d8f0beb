// Databases for the hubs of a benchmark, one for each, on the server that `--storage` names.

import { ArcError } from '../src/protocol/errors.js'
import { withoutPassword } from '../src/storage-file.js'

let server: string | undefined
let made = 0

/** A room that the benchmark has made, and how it is removed. */
export interface Room {
  readonly storage: string
  remove(): Promise<void>
}

/** Hubs keep their rooms there from now on. The password goes to them by the environment. */
export function useServer(url: string): void {
  const { url: name, password } = withoutPassword(url)
  if (password !== undefined) process.env.PGPASSWORD = password
  server = name
}

/** Whether hubs keep their rooms on a database server. */
export const isOnServer = (): boolean => server !== undefined

/** A new database. Undefined without a server: the room is a file then. */
export async function newRoom(): Promise<Room | undefined> {
  if (server === undefined) return undefined
  const at = server
  const name = `arc_bench_${process.pid}_${++made}`
  await run(at, `CREATE DATABASE ${name}`)
  return { storage: inDatabase(at, name), remove: () => run(at, `DROP DATABASE ${name} WITH (FORCE)`) }
}

const inDatabase = (url: string, name: string) =>
  url.replace(/^(\w+:\/\/[^/?]*)(\/[^?]*)?/, (_, start: string) => `${start}/${name}`)

async function run(url: string, statement: string): Promise<void> {
  const pg = await import('pg').catch(() => {
    throw new ArcError(
      'start_failed',
      'a benchmark on a database server needs the package pg: npm install pg',
    )
  })
  const client = new pg.default.Client({ connectionString: url })
  await client.connect()
  await client.query(statement).finally(() => client.end())
}
