// Backends of hubs on a room in PostgreSQL.

import { StorageBusy } from '../../src/storage/backend.js'
import type { Command } from '../../src/storage/commands.js'
import { PostgresBackend } from '../../src/storage/postgres/backend.js'
import { post } from '../storage/backend-room.js'
import type { PostgresServer } from './postgres.js'
import { until } from './waiting.js'

export const SETTINGS = { presenceTtlSec: 120, allowRemote: false, log: () => {} }

export interface Opened {
  readonly backend: PostgresBackend
  /** Runs a batch, and tries it again as the committer does. The ids of its messages. */
  applies(...commands: Command[]): Promise<number[]>
}

export async function open(storagePath: string, hubId = 'test'): Promise<Opened> {
  const backend = await PostgresBackend.open({ storagePath, hubId, ...SETTINGS })
  const applies = async (...commands: Command[]): Promise<number[]> => {
    const submissions = commands.map((command) => ({ command }))
    for (;;) {
      try {
        const { messages } = await backend.apply(submissions, [])
        return messages.map(({ id }) => id)
      } catch (error) {
        if (!(error instanceof StorageBusy)) throw error
      }
    }
  }
  return { backend, applies }
}

/** Posts until a batch goes in one trip, which it does when the hub hears the bell. */
export async function fly(server: PostgresServer, url: string, { backend, applies }: Opened): Promise<void> {
  backend.watchForeignCommits(() => {})
  const before = await flightOf(server, url)
  await until('a batch in one trip', async () => {
    await applies(post('0'))
    return (await flightOf(server, url)) !== before
  })
}

/** The last batch of one trip. Null: there was none. */
export async function flightOf(server: PostgresServer, url: string): Promise<string | null> {
  const [log] = await server.sql(url, 'SELECT flight FROM arc.log')
  return log?.flight as string | null
}
