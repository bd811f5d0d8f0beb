// A folder of a test's own. tap's `testdir` is the same for every run of a test: two runs at the same time would delete the
// storages of each other's hubs.

import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import './bare-children.js'

/** A new, empty folder. The test removes it after the teardowns that are registered later. */
export function ownFolder(t: Test): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'arc-test-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))
  return folder
}
