// The storage's thread dies in the narrow moments of a request's life (relay-kill-points.suite.ts). The process lives on, and
// so does every file.

import { mortalActor, testKillPoints } from './relay-kill-points.suite.js'

testKillPoints('the storage', mortalActor('storage'))
