// The suite of `mailbox.suite.ts` over files.

import { mailboxSuite } from './mailbox.suite.js'
import { relay } from './relay-way.js'

mailboxSuite(relay)
