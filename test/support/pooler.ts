// PgBouncer before a test's server, if it is installed.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import { ownFolder } from './folder.js'
import { steadyPort } from './ports.js'
import { serverUser } from './postgres.js'

/** For tap's `skip`. */
export const noPooler: string | false = isInstalled() ? false : 'needs pgbouncer'

function isInstalled(): boolean {
  try {
    execFileSync('pgbouncer', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** A pooler before the server at `port`. It ends with the test. */
export async function startPooler(t: Test, port: number, mode: 'session' | 'transaction'): Promise<number> {
  const folder = ownFolder(t)
  chmodSync(folder, 0o755)
  const own = await steadyPort()
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: own,
    unix_socket_dir: '',
    pool_mode: mode,
    auth_type: 'trust',
    auth_file: join(folder, 'users'),
  }
  writeFileSync(join(folder, 'users'), '"postgres" ""\n')
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`)
  const text = `[databases]\n* = host=127.0.0.1 port=${port}\n[pgbouncer]\n${lines.join('')}`
  writeFileSync(join(folder, 'pgbouncer.ini'), text)
  const stdio = ['ignore', 'ignore', 'pipe'] as const
  const pooler: ChildProcess = spawn('pgbouncer', [join(folder, 'pgbouncer.ini')], {
    ...serverUser,
    stdio: [...stdio],
  })
  t.teardown(async () => {
    if (pooler.exitCode !== null) return
    const ended = once(pooler, 'exit')
    pooler.kill('SIGTERM')
    await ended
  })
  const said: string[] = []
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: pooler.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      said.push(line)
      if (/process up/.test(line)) resolve()
    })
    pooler.once('exit', () => reject(new Error(`PgBouncer has ended: ${said.join('\n')}`)))
  })
  return own
}
