// The suite of `mailbox.suite.ts` over sockets.

import { http } from './http-way.js'
import { mailboxSuite } from './mailbox.suite.js'

mailboxSuite(http)
