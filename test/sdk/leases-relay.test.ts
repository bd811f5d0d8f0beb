import { leaseSuite } from './leases.suite.js'
import { relay } from './relay-way.js'

leaseSuite(relay)
