// The closed sets of protocol v1 (§2). They are not beside the schemas, so that the SDK and the command line need no zod.

/** The kinds of messages that a hub accepts (§2), sorted as in `message_kinds` of hub-info (§8). */
export const MESSAGE_KINDS = [
  'artifact',
  'chat',
  'claim',
  'notice',
  'release',
  'task',
  'task_request',
  'task_result',
] as const
export type MessageKind = (typeof MESSAGE_KINDS)[number]

/** The statuses of a task (§2). */
export const TASK_STATUSES = ['open', 'done'] as const

/** The modes of a scope (§19). [ours] */
export const SCOPE_MODES = ['exclusive', 'shared'] as const
export type ScopeMode = (typeof SCOPE_MODES)[number]

/** The topics of a stream's `changed` events (§4). [ours] */
export const CHANGE_TOPICS = [
  'agents',
  'channels',
  'threads',
  'claims',
  'locks',
  'tasks',
  'shutdown',
  'network',
] as const
export type ChangeTopic = (typeof CHANGE_TOPICS)[number]
