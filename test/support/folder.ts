// A folder of a test's own. Not tap's `testdir`, which is the same for every run of a test: two runs at the
// same time would take the storage away under each other's hubs.

import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/** A new, empty folder. It is removed after whatever was registered later has been torn down. */
export function ownFolder(t: Test): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'arc-test-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}
