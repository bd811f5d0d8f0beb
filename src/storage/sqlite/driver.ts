// The one place that loads better-sqlite3's binary. It first checks that the version fits this Node.
//
// No version fits every Node that Arc runs on. 13 crashes Node 20 at its first use. A compiled 12 aborts Node 24.19 and newer
// when the garbage collector takes a statement. No program can catch either, so the check comes before the load. npm installs
// the fitting version with Arc (in a clone, scripts/node-20/ does). A user meets these errors only after a change of Node, or
// after an installation by other means.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type SqliteDatabase from 'better-sqlite3'
import type { Database } from 'better-sqlite3'
import { PACKAGE_ROOT } from '../../package.js'
import { ArcError } from '../../protocol/errors.js'

const require = createRequire(import.meta.url)
const { resolve } = require

const ROOT = fileURLToPath(PACKAGE_ROOT)
const HERE = `Node ${process.versions.node} on ${process.platform} ${process.arch}`

/** Call it before the first file is opened. @throws ArcError `start_failed` if this Node must not load better-sqlite3 */
export function checkDriver(): void {
  let version: string
  try {
    version = driverVersion()
  } catch (error) {
    throw new ArcError('start_failed', `better-sqlite3 is not installed: ${installAgain(ROOT)}`, {
      cause: error,
    })
  }
  const reason = misfit(process.versions.node, version)
  if (reason) throw new ArcError('start_failed', `${reason}: ${installAgain(ROOT)}`)
}

/** Opens a database file. @throws ArcError `start_failed` if better-sqlite3 can't be loaded; else SQLite's own error */
export function openFile(path: string, options: SqliteDatabase.Options): Database {
  const Sqlite = require('better-sqlite3') as typeof SqliteDatabase
  try {
    return new Sqlite(path, options)
  } catch (error) {
    if (error instanceof Sqlite.SqliteError || error instanceof TypeError) throw error
    throw new ArcError('start_failed', noBinary(firstSentence(error) ?? ''), { cause: error })
  }
}

function driverVersion(): string {
  const manifest = JSON.parse(readFileSync(resolve('better-sqlite3/package.json'), 'utf8')) as {
    version: string
  }
  return manifest.version
}

/** Why that version of Node must not load this version of better-sqlite3. */
export function misfit(node: string, driver: string): string | undefined {
  if (major(node) < 20) return `Arc needs Node 20.19 or newer, and this is Node ${node}`
  if (major(node) < 22 && major(driver) >= 13)
    return `better-sqlite3 ${driver} needs Node 22 or newer, and this is Node ${node}`
  if (major(node) >= 24 && major(driver) < 13)
    return `better-sqlite3 ${driver} is for Node 20, and this is Node ${node}, which needs 13`
  return undefined
}

/** How to replace the version by the fitting one. `npm update` replaces 12 by 13, but not 13 by 12. */
export function installAgain(root: string): string {
  const project = projectOf(root)
  return project === undefined
    ? `run \`npm install\` in ${root} with the Node that runs Arc`
    : `run \`npm uninstall arc-hub\` in ${project}, and install it again with the Node that runs it`
}

/** 12 fetches or builds its binary at each installation, 13 builds one on demand. */
function noBinary(reason: string): string {
  const version = driverVersion()
  const isOld = major(version) < 13
  const way = isOld ? 'run `npm run install`' : 'with a C++ compiler, run `npm run build-release`'
  const remedy = `${way} in ${dirname(resolve('better-sqlite3/package.json'))}`
  if (isOld && reason.startsWith('Could not locate'))
    return `the SQLite binary of better-sqlite3 ${version} is missing, as after \`npm install --ignore-scripts\`: ${remedy}`
  return `no binary of better-sqlite3 ${version} runs on ${HERE} (${reason}): ${remedy}`
}

/** The folder that Arc is installed in; undefined in a clone of its repository. */
const projectOf = (root: string) => /^(.*?)[\\/]node_modules[\\/]/.exec(root)?.[1]

/** The first sentence of an error, whose message may be a page long. */
function firstSentence(error: unknown): string | undefined {
  const [sentence] = (error instanceof Error ? error.message : String(error)).split(/\.\s/)
  return sentence?.replaceAll(/\s+/g, ' ')
}

const major = (version: string) => Number.parseInt(version, 10)
