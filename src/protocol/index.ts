// The public export of protocol v1: `import { message, ArcError } from 'arc-hub/protocol'`. It has a zod schema and a type for
// each object, a schema for each request (`requests`), the errors, the closed sets, and the bounds of numbers.

export { ATTACHMENT_TYPES, type Attachment, attachmentList } from './attachments.js'
export { type Answer, type Envelope, failure, success } from './envelope.js'
export { ArcError, ERROR_KINDS, type ErrorCode, type ErrorData } from './errors.js'
export { parse } from './fields.js'
export * from './kinds.js'
export * from './limits.js'
export { type Bounds, CLIENT_NUMBERS, HUB_NUMBERS, REQUEST_NUMBERS } from './numbers.js'
export * from './objects.js'
export * as requests from './requests.js'
