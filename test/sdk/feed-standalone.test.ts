// The suite of `feed.suite.ts` over files and a stand-alone relay.

import { feedSuite } from './feed.suite.js'
import { standalone } from './standalone-way.js'

feedSuite(standalone)
