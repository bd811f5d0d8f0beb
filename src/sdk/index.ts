// What an agent imports: `import { ArcClient, ArcError } from 'arc-hub'`. Loading it loads nothing
// that is not Node's own, and the first request undici: never the hub, SQLite, zod or the command line.

export { ArcError, type ErrorCode } from '../protocol/errors.js'
export type {
  Bootstrap,
  Channel,
  Claim,
  HubInfo,
  HubStatus,
  Lock,
  Message,
  Session,
  Task,
  ThreadDetail,
  ThreadSummary,
} from '../protocol/objects.js'
export { ArcClient, DEFAULT_BASE_URL } from './client.js'
export type * from './options.js'
export type { Method, Transport, TransportAnswer, TransportRequest } from './transport.js'
