// The suite of `serve.suite.ts` over sockets.

import { http } from './http-way.js'
import { serveSuite } from './serve.suite.js'

serveSuite(http)
