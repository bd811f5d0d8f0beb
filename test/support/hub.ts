// A real hub for a test: in its own folder, or in a database of its own (storages.ts), on any free port, stopped with the test. It is the bundled hub, as users run it,
// whose threads start in half the time. If the compiled files are newer than the bundle, it is the compiled hub.

import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { Hub, HubOptions } from '../../src/actors/hub.js'
import { PACKAGE_ROOT } from '../../src/package.js'
import { newStorage } from './storages.js'
import './bare-children.js'

// With this variable the test runner loads itself into every thread and process of a test. The hub's threads would then take

const BUNDLED = new URL('./dist/program/hub.cjs', PACKAGE_ROOT)
const COMPILED = new URL('./dist/src/', PACKAGE_ROOT)

function isCurrent(bundle: URL): boolean {
  const madeAtMs = statSync(bundle, { throwIfNoEntry: false })?.mtimeMs ?? 0
  const folder = fileURLToPath(COMPILED)
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return files.every((name) => statSync(join(folder, name)).mtimeMs <= madeAtMs)
}

const hub = isCurrent(BUNDLED) ? BUNDLED : new URL('./actors/hub.js', COMPILED)

export const { startHub }: typeof import('../../src/actors/hub.js') = await import(hub.href)

export async function startTestHub(t: Test, options: Partial<HubOptions> = {}): Promise<Hub> {
  const storagePath = options.storagePath ?? (await newStorage(t))
  const hub = await startHub({ port: 0, logLevel: 'silent', ...options, storagePath })
  t.teardown(() => hub.stop())
  return hub
}
