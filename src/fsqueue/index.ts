// The public export of the queue: `import { QueueHost, Submitter } from 'arc-hub/queue'`. A request is a text, and an answer
// is a text. docs/RELAY.md shows a whole program. The files in a spool are specified in layout.ts.

export type { Abandonment } from './abandonment.js'
export { QueueHost } from './host.js'
export type { HostOptions, QueuedRequest } from './host-options.js'
export { isQueueName } from './layout.js'
export { Submitter } from './submit.js'
