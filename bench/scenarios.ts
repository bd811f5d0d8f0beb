// All scenarios, in the order in which they run.

import type { Scenario } from './bench.js'
import { delivery } from './scenarios/delivery.js'
import { growth } from './scenarios/growth.js'
import { idle } from './scenarios/idle.js'
import { leases } from './scenarios/leases.js'
import { mailbox } from './scenarios/mailbox.js'
import { mixed } from './scenarios/mixed.js'
import { multihub } from './scenarios/multihub.js'
import { posts } from './scenarios/posts.js'
import { relay } from './scenarios/relay.js'
import { relayWait } from './scenarios/relay-wait.js'
import { scale } from './scenarios/scale.js'
import { start } from './scenarios/start.js'
import { stream } from './scenarios/stream.js'
import { wake } from './scenarios/wake.js'

export const SCENARIOS: readonly Scenario[] = [
  posts,
  wake,
  stream,
  relay,
  relayWait,
  growth,
  leases,
  mailbox,
  delivery,
  mixed,
  idle,
  start,
  multihub,
  scale,
]
