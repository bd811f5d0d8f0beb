// The suite of `client.suite.ts` over files.

import { clientSuite } from './client.suite.js'
import { relay } from './relay-way.js'

clientSuite(relay)
