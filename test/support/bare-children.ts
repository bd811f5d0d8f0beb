// Imported by whatever starts processes. The test runner loads itself into every Node process that a test starts, for coverage
// that nobody asks for: such a process takes 350 ms to start instead of 45. By NODE_OPTIONS it loads itself into threads.

import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
// The runner's own dependency, so it is resolved from there.
const onSpawn = createRequire(require.resolve('@tapjs/processinfo'))('process-on-spawn') as {
  removeAllListeners(): void
}
onSpawn.removeAllListeners()
delete process.env.NODE_OPTIONS
