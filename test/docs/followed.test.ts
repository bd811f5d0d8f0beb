// The documents followed word for word: blocks of shell commands, each in a clean folder, on a network of its own with the
// default port free.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import t, { type Test } from 'tap'
import { PROGRAM } from '../../src/package.js'
import { type Finished, Place } from '../support/arc-process.js'
import { needsOwnNetwork, ownNetwork } from '../support/no-network.js'
import { shellBlocks } from './documents.js'

interface Step {
  readonly path: string
  readonly heading: string
  /** Which block below the heading. Default: the first. */
  readonly block?: number
  /** What its output says. */
  readonly says: RegExp
  /** A hub runs before. */
  readonly hub?: true
  /** Makes the folder as the reader has it. */
  readonly prepare?: (folder: string) => void
}

const STEPS: readonly Step[] = [
  {
    path: 'README.md',
    heading: '## Two minutes',
    says: /"body":"then I take the tests"[\s\S]*"stopped":true/,
  },
  { path: 'README.md', heading: '## From anywhere', says: /"body":"hello from curl"/ },
  { path: 'docs/AGENTS.md', heading: '## Self-test: are you connected?', hub: true, says: /"session":\{/ },
  {
    ...{ path: 'docs/AGENTS.md', heading: '## Self-test: are you connected?', block: 1, hub: true },
    says: /("body":"I am here, and work on the parser"[\s\S]*){2}/,
  },
  { path: 'docs/AGENTS.md', heading: '## The first five minutes', hub: true, says: /"agent_id":"me"/ },
  { path: 'docs/AGENTS.md', heading: '## In a sandbox', hub: true, says: /"status":201/ },
  { path: 'docs/RELAY.md', heading: '## On disk', hub: true, says: /"request_id":"1","ok":true/ },
  {
    ...{ path: 'docs/GUIDE.md', heading: '## One machine', says: /"opened":[\s\S]*"stopped":true/ },
    prepare: (folder) => mkdirSync(join(folder, 'my-project')),
  },
  {
    ...{ path: 'docs/GUIDE.md', heading: '## Several machines', hub: true },
    says: /"stopped":true[\s\S]*"started":true/,
  },
  {
    ...{ path: 'docs/GUIDE.md', heading: '## Moving over from the reference hub', prepare: referenceRoom },
    says: /"started":true[\s\S]*"body":"said long ago"[\s\S]*"status":"open"/,
  },
]

/** The database of a reference hub (PROTOCOL §11) with a message and a task. */
function referenceRoom(folder: string): void {
  const db = new SqliteDatabase(join(folder, 'arc.sqlite3'))
  db.exec(`
    CREATE TABLE channels (name TEXT PRIMARY KEY, created_at TEXT, created_by TEXT, metadata_json TEXT);
    CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, ts TEXT, from_agent TEXT, to_agent TEXT, channel TEXT,
      kind TEXT, body TEXT, attachments_json TEXT, reply_to INTEGER, thread_id TEXT, metadata_json TEXT);
    CREATE TABLE tasks (task_id INTEGER PRIMARY KEY, parent_task_id INTEGER, channel TEXT, thread_id TEXT, status TEXT,
      created_at TEXT, completed_at TEXT);
    INSERT INTO channels VALUES ('general', '2024-05-06T07:08:09Z', 'system', '{}');
    INSERT INTO messages VALUES
      (1, '2024-05-06T07:08:10Z', 'alice', NULL, 'general', 'chat', 'said long ago', '[]', NULL, NULL, '{}'),
      (2, '2024-05-06T07:08:11Z', 'alice', NULL, 'general', 'task', 'mend it', '[]', NULL, NULL, '{}');
    INSERT INTO tasks VALUES (2, NULL, 'general', NULL, 'open', '2024-05-06T07:08:11Z', NULL);
  `)
  db.close()
}

/** Runs the block as one script that ends at the first command that fails. */
async function follow(t: Test, { path, heading, block = 0, hub, prepare }: Step): Promise<Finished> {
  const place = new Place(t)
  const prefix = await ownNetwork(t)
  const bin = place.below('bin')
  const shim = `#!/bin/sh\nexec "${process.execPath}" "${PROGRAM}" "$@"\n`
  writeFileSync(join(bin, 'arc'), shim, { mode: 0o755 })
  const cwd = place.below('work')
  prepare?.(cwd)
  if (hub) await place.arc(['ensure'], { cwd, prefix })
  const script = shellBlocks(path, heading)[block] ?? ''
  const env = { PATH: `${bin}:${process.env.PATH}` }
  // What comes after the script are arguments that it does not look at.
  return place.arc([], { cwd, env, prefix: [...prefix, 'sh', '-e', '-c', script] })
}

for (const step of STEPS) {
  const { path, heading, block = 0, says } = step
  t.test(`${path}, ${heading}, block ${block}`, { skip: needsOwnNetwork }, async (t) => {
    const { status, stdout, stderr } = await follow(t, step)
    t.equal(status, 0, stderr)
    t.match(stdout, says)
  })
}
