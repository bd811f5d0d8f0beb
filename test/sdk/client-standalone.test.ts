// The suite of `client.suite.ts` over files and a stand-alone relay.

import { clientSuite } from './client.suite.js'
import { standalone } from './standalone-way.js'

clientSuite(standalone)
