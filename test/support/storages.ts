// Where the rooms of tests are kept: in files, or with ARC_TEST_STORAGE=postgres in databases of a PostgreSQL server.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { ownFolder } from './folder.js'
import type { PostgresServer } from './postgres.js'

const { ARC_TEST_STORAGE } = process.env

/** Whether rooms are databases of a server. */
export const isOnServer = ARC_TEST_STORAGE === 'postgres'

/** For tap's `skip`: tests that look into the storage's file. */
export const needsFile: string | false = isOnServer ? 'looks into the file of the storage' : false

let server: Promise<PostgresServer> | undefined

/** A new room's storage, for `t` alone. */
export async function newStorage(t: Test): Promise<string> {
  if (!isOnServer) return join(ownFolder(t), 'arc.sqlite3')
  server ??= startServer()
  return (await server).room(t)
}

/** Loaded for a server alone: hubs in processes of their own load this file, and have no test runner. */
async function startServer(): Promise<PostgresServer> {
  const [{ default: tap }, { postgresServer }] = await Promise.all([import('tap'), import('./postgres.js')])
  return postgresServer(tap)
}

/** Runs test files beside the calling one, with rooms on one server. What fails is told by its lines. */
export async function runOnPostgres(beside: string, files: readonly string[]): Promise<void> {
  const { default: tap } = await import('tap')
  if (ARC_TEST_STORAGE) return void tap.plan(0, 'the whole suite runs so')
  const { url } = await startServer()
  const { NODE_OPTIONS: _, ...env } = process.env
  tap.jobs = 2
  for (const name of files) {
    void tap.test(`${name}, over PostgreSQL`, async (t) => {
      const file = fileURLToPath(new URL(`${name}.test.js`, beside))
      const child = spawn(process.execPath, [file], {
        env: { ...env, ARC_TEST_STORAGE: 'postgres', ARC_TEST_POSTGRES: url },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let said = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
      const [status] = await once(child, 'close')
      t.equal(status, 0, said.match(/^ *not ok .*$/gm)?.join('\n') ?? 'it passed')
    })
  }
}
