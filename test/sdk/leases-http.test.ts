import { http } from './http-way.js'
import { leaseSuite } from './leases.suite.js'

leaseSuite(http)
