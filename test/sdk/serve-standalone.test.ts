// The suite of `serve.suite.ts` over files and a stand-alone relay.

import { serveSuite } from './serve.suite.js'
import { standalone } from './standalone-way.js'

serveSuite(standalone)
