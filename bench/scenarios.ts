// All scenarios, in the order in which they run.

import type { Scenario } from './bench.js'
import { growth } from './scenarios/growth.js'
import { leases } from './scenarios/leases.js'
import { mixed } from './scenarios/mixed.js'
import { posts } from './scenarios/posts.js'
import { relay } from './scenarios/relay.js'
import { relayWait } from './scenarios/relay-wait.js'
import { start } from './scenarios/start.js'

export const SCENARIOS: readonly Scenario[] = [posts, relay, relayWait, growth, leases, mixed, start]
