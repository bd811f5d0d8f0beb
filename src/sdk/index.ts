// The public export of the SDK: `import { ArcClient, ArcError } from 'arc-hub'`. It loads only Node's own modules; the
// first request loads undici. It never loads the hub, SQLite, zod or the command line.

export type { Attachment } from '../protocol/attachments.js'
export { ArcError, type ErrorCode } from '../protocol/errors.js'
export type { ChangeTopic, ScopeMode } from '../protocol/kinds.js'
export type {
  Agent,
  Bootstrap,
  Channel,
  Claim,
  HeldWake,
  HubInfo,
  HubStatus,
  Lock,
  Mailbox,
  Message,
  Receipt,
  Recipient,
  Scope,
  Session,
  Slot,
  Task,
  ThreadDetail,
  ThreadSummary,
  Wake,
} from '../protocol/objects.js'
export { ArcClient } from './client.js'
export { DEFAULT_BASE_URL } from './hub-address.js'
export type * from './lease-options.js'
export type * from './options.js'
export type { Method, Transport, TransportAnswer, TransportRequest } from './transport.js'
