// The suite of `feed.suite.ts` over files.

import { feedSuite } from './feed.suite.js'
import { relay } from './relay-way.js'

feedSuite(relay)
