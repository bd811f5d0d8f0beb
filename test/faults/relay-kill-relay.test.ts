// The relay's thread dies in the narrow moments of a request's life (relay-kill-points.suite.ts). The process lives on, and
// so does every file.

import { mortalActor, testKillPoints } from './relay-kill-points.suite.js'

testKillPoints('the relay', mortalActor('relay'))
