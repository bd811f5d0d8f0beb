// Whole processes from cold. `arc ensure` runs in a new folder, with a new database and a new spool, until it says that
// the hub is up. `arc post` and `arc whoami` then run at a hub that has had a request. A start is mostly processor time,
// so a busy machine shows.

import { execFileSync } from 'node:child_process'
import { PROGRAM } from '../../src/package.js'
import type { Scenario } from '../bench.js'
import { makeFolder } from '../folders.js'
import type { Goal } from '../report.js'

const GOALS: Readonly<Record<string, Goal>> = {
  'arc ensure': { of: 'value', atMost: 500 },
  'arc post': { of: 'value', atMost: 200 },
}

export const start: Scenario = {
  name: 'start',
  about: 'commands as whole processes, from cold; bare: a Node process that does nothing',
  run: async (bench) => {
    const runs = bench.quick ? 1 : 10
    const took: Record<string, number[]> = {}
    for (let i = bench.quick ? 1 : 0; i <= runs; i++) {
      bench.progress(i === 0 ? 'warm-up' : `run ${i} of ${runs}`)
      const once = commands(makeFolder())
      if (i > 0) for (const [name, ms] of Object.entries(once)) took[name] = [...(took[name] ?? []), ms]
    }
    const { bare = [], ...hub } = took
    for (const [what, values] of Object.entries(hub)) {
      bench.record({ of: 'from cold', what, unit: 'ms', values: { bare, hub: values }, goal: GOALS[what] })
    }
  },
}

/** Milliseconds of each command. */
function commands(cwd: string): Record<string, number> {
  const run = (...args: string[]) => {
    const startedAt = performance.now()
    execFileSync(process.execPath, args, { cwd, stdio: 'pipe' })
    return performance.now() - startedAt
  }
  const bare = run('-e', '0')
  const ensure = run(PROGRAM, 'ensure', '--port', '0')
  try {
    run(PROGRAM, 'whoami', '--agent', 'warm-up') // the hub loads its schemas
    const post = run(PROGRAM, 'post', '--agent', 'bench', 'hello')
    const whoami = run(PROGRAM, 'whoami', '--agent', 'bench')
    return { bare, 'arc ensure': ensure, 'arc post': post, 'arc whoami': whoami }
  } finally {
    run(PROGRAM, 'stop')
  }
}
