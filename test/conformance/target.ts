// The hub that a test file talks to. With ARC_CONFORMANCE_URL set it is that one, whatever it runs and
// already holds; otherwise a real hub starts in this process on a port and a folder of its own, and stops
// at the file's end. `ownHub` starts further ones, for what needs special options or a hub to spare. With
// ARC_TEST_STORAGE=postgres their rooms are databases of a PostgreSQL server instead of files.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { Hub, HubOptions } from '../../src/actors/hub.js'
import type { HubInfo } from '../../src/protocol/objects.js'
import { startHub } from '../support/hub.js'
import { newStorage } from '../support/storages.js'
import { connectWire, type Wire } from './wire.js'

const EXTERNAL_URL = process.env.ARC_CONFORMANCE_URL?.replace(/\/+$/, '')

export { needsFile } from '../support/storages.js'

/** For tap's `skip`: tests that need a hub of their own cannot run against somebody else's. */
export const needsOwnHub: string | false = EXTERNAL_URL
  ? 'needs a hub of its own, and ARC_CONFORMANCE_URL names an external one'
  : false

export interface Target extends Wire {
  readonly info: HubInfo
  /** True when the hub announces any `arc:` token: then what PROTOCOL marks [ours] is tested as well. */
  readonly ours: boolean
  announces(feature: string): boolean
}

export interface OwnHub extends Target {
  readonly hub: Hub
  readonly storagePath: string
}

/** The hub of this test file. */
export async function openTarget(t: Test): Promise<Target> {
  return EXTERNAL_URL ? describe(EXTERNAL_URL) : ownHub(t)
}

/** A folder that is removed, and gone, when `t` ends. */
export async function ownFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'arc-conformance-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A hub for `t` alone, stopped when `t` ends; on a fresh folder unless `options` name a storage path. */
export async function ownHub(t: Test, options: Partial<HubOptions> = {}): Promise<OwnHub> {
  const storagePath = options.storagePath ?? (await newStorage(t))
  const hub = await startHub({ port: 0, logLevel: 'silent', ...options, storagePath })
  t.teardown(() => hub.stop())
  const url = `http://127.0.0.1:${hub.port}`
  return { ...(await describe(url)), hub, storagePath }
}

async function describe(url: string): Promise<Target> {
  const wire = connectWire(url)
  const info = (await wire.get<HubInfo>('/v1/hub-info')).result
  const ours = info.features.some((feature) => feature.startsWith('arc:'))
  return { ...wire, info, ours, announces: (feature) => info.features.includes(feature) }
}
