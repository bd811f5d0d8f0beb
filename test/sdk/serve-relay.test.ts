// The suite of `serve.suite.ts` over files.

import { relay } from './relay-way.js'
import { serveSuite } from './serve.suite.js'

serveSuite(relay)
