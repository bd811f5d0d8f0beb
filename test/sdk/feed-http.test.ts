// The suite of `feed.suite.ts` over sockets.

import { feedSuite } from './feed.suite.js'
import { http } from './http-way.js'

feedSuite(http)
