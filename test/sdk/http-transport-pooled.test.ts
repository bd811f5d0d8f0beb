import t from 'tap'
import { pooledConnections } from '../../src/sdk/pooled-connections.js'
import { httpTransportSuite } from './http-transport.suite.js'

httpTransportSuite(t, pooledConnections)
