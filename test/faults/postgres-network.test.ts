// Hubs on machines of their own, with delay and loss between them and the database. The tests run in a network of their own.

import { inOwnNetwork, needsMachines } from '../support/network.js'

if (needsMachines) process.stdout.write(`TAP version 14\n1..0 # SKIP ${needsMachines}\n`)
else await inOwnNetwork(new URL('hubs-on-a-network.js', import.meta.url))
