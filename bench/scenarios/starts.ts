// `arc ensure` from cold: each run in a new folder, with a new database and a new spool, until the command has
// said that the hub is up. A start is mostly processor time, so a busy machine shows in the spread.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { spentBetween, threadTimes } from '../processor-time.js'
import { median } from '../statistics.js'

export interface StartsRow {
  readonly runs: number
  readonly wallMs: { readonly median: number; readonly min: number; readonly max: number }
  /** Processor time of the hub's process when the command returns: the median. */
  readonly hubMs: number
  /** `node -e 0` in the same rounds: what a process costs that does nothing; `ensure` starts two. */
  readonly bareMs: number
}

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))

export function starts({ runs }: { readonly runs: number }): StartsRow[] {
  const samples = Array.from({ length: runs }, start)
  const walls = samples.map(({ wallMs }) => wallMs)
  return [
    {
      runs,
      wallMs: { median: median(walls), min: Math.min(...walls), max: Math.max(...walls) },
      hubMs: median(samples.map(({ hubMs }) => hubMs)),
      bareMs: median(samples.map(({ bareMs }) => bareMs)),
    },
  ]
}

function start(): { wallMs: number; hubMs: number; bareMs: number } {
  const folder = mkdtempSync(join(tmpdir(), 'arc-bench-'))
  const run = (...args: string[]) => {
    const startedAt = performance.now()
    execFileSync(process.execPath, args, { cwd: folder })
    return performance.now() - startedAt
  }
  try {
    const bareMs = run('-e', '0')
    const wallMs = run(MAIN, 'ensure', '--port', '0')
    const { pid } = JSON.parse(readFileSync(join(folder, '.arc.pid'), 'utf8')) as { pid: number }
    const hubMs = spentBetween(new Map(), threadTimes(pid)).reduce((sum, time) => sum + time, 0) / 1_000
    run(MAIN, 'stop')
    return { wallMs, hubMs, bareMs }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
