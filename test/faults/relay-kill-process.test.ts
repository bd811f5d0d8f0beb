// The hub's whole process is killed in the narrow moments of a request's life (relay-kill-points.suite.ts).

import { mortalProcess, testKillPoints } from './relay-kill-points.suite.js'

testKillPoints('the process', mortalProcess)
