// Where a benchmark ran: machine, Node, file system, commit. Its figures mean little without that.

import { execFileSync } from 'node:child_process'
import { existsSync, statfsSync } from 'node:fs'
import { arch, cpus, release, tmpdir, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PACKAGE_ROOT, version } from '../src/package.js'
import type { Environment } from './report.js'

const ROOT = fileURLToPath(PACKAGE_ROOT)

/** Names of file systems, by the kernel's number of the type. */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: 'ext4',
  16914836: 'tmpfs',
  2435016766: 'btrfs',
  1481003842: 'xfs',
  2035054128: 'overlay',
  26985: 'nfs',
  26: 'apfs',
}

export function environment(durability: string | null): Environment {
  const [processor] = cpus()
  return {
    arc: version(),
    commit: commit(),
    node: process.version,
    cores: cpus().length,
    processor: processor?.model ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${arch()}`,
    fileSystem: fileSystem(),
    durability,
    measuredAt: new Date().toISOString(),
  }
}

/** Null in an installed package, and without git. */
function commit(): string | null {
  if (!existsSync(join(ROOT, '.git'))) return null
  try {
    const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim()
    const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' and changes'
    return git('rev-parse', '--short', 'HEAD') + changed
  } catch {
    return null
  }
}

/** The file system of the folder in which the bench's own hubs run. */
function fileSystem(): string {
  const { type: number } = statfsSync(tmpdir())
  return FILE_SYSTEMS[number] ?? `type 0x${number.toString(16)}`
}
