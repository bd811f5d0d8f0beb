// The configuration of harnesses in a home of its own, for the tests of `arc setup`.

import { join } from 'node:path'
import type { Test } from 'tap'
import { FACTS, type Place, type SetupName } from '../../src/harness/places.js'
import { type SetupOptions, type SetupReport, setUp } from '../../src/harness/setup.js'
import { ownFolder } from '../support/folder.js'

export const PROGRAM = {
  node: '/opt/node 22/bin/node',
  main: "/opt/it's arc/dist/program/main.cjs",
  hook: "/opt/it's arc/dist/program/hook.cjs",
  plugin: "/opt/it's arc/dist/program/opencode.js",
}
export const OURS = /it(?:'|'\\''|'\\\\''|%27)s(?: |%20)arc|mcp__arc__|"trust"/

/** Runs `work` with a home of its own. */
export async function atHome(t: Test, work: (home: string) => void | Promise<void>): Promise<void> {
  const home = ownFolder(t)
  const own = { HOME: home, XDG_STATE_HOME: join(home, 'state'), PATH: join(home, 'bin') }
  const others = ['CLAUDE_CONFIG_DIR', 'CODEX_HOME', 'COPILOT_HOME', 'XDG_CONFIG_HOME', 'LOCALAPPDATA']
  const before = [...Object.keys(own), ...others].map((name) => [name, process.env[name]] as const)
  for (const name of others) delete process.env[name]
  Object.assign(process.env, own)
  try {
    await work(home)
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}

export const set = (harness: SetupName, more: Partial<SetupOptions> = {}): SetupReport =>
  setUp(harness, { program: PROGRAM, permissions: false, undo: false, dryRun: false, ...more })

export const places = (harness: SetupName, permissions = false, project?: string): readonly Place[] =>
  FACTS[harness].places({ program: PROGRAM, permissions, project })
export const placeOf = (harness: SetupName, ending: string): Place =>
  places(harness).find(({ file }) => file.endsWith(ending)) as Place
