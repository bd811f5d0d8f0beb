import { leaseSuite } from './leases.suite.js'
import { standalone } from './standalone-way.js'

leaseSuite(standalone)
