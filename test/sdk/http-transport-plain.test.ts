import t from 'tap'
import { plainConnections } from '../../src/sdk/plain-connections.js'
import { httpTransportSuite } from './http-transport.suite.js'

httpTransportSuite(t, plainConnections)
