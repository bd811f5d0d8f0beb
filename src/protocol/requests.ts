// Every request of PROTOCOL §3–§8, one schema each. Its input is a JSON object or a query's strings; its output has the
// defaults filled in.

import { z } from 'zod'
import { attachmentList } from './attachments.js'
import {
  description,
  flag,
  freeText,
  integer,
  integerOr,
  jsonObject,
  leaseTtl,
  leaseTtlOr,
  limit,
  name,
  nameList,
  number,
  optionalFlag,
  optionalInteger,
  optionalLimit,
  optionalName,
  optionalPath,
  optionalText,
  path,
  pollTimeout,
  sinceId,
  timestamp,
} from './fields.js'
import { fitTogether, globProblem, MAX_GLOBS, MAX_PATTERN_CHARS } from './globs.js'
import { MESSAGE_KINDS, SCOPE_MODES, TASK_STATUSES } from './kinds.js'
import {
  ASSIGNED_TTL_SEC,
  exceedsChars,
  type Limits,
  MAX_CAPABILITIES,
  MAX_DISPLAY_NAME_CHARS,
  OFFER_CHARS,
  OFFER_LEASE_SEC,
  OFFER_MESSAGES,
  SHUTDOWN_DELAY_SEC,
} from './limits.js'
import { REQUEST_NUMBERS } from './numbers.js'

// §3 Sessions and presence

/** [ours] §17: the program whose life a session shares. */
const processOf = z.preprocess(
  (value) => value ?? undefined,
  z
    .object(
      { pid: integer(REQUEST_NUMBERS.pid), started_at: timestamp },
      'must be an object of pid and started_at',
    )
    .optional(),
)

export const openSession = z.object({
  agent_id: name,
  display_name: optionalName,
  capabilities: z.preprocess(
    (value) => value ?? [],
    z.array(name, 'must be a list of strings').max(MAX_CAPABILITIES, `must be at most ${MAX_CAPABILITIES}`),
  ),
  metadata: jsonObject,
  replace: flag,
  // [ours] §17
  reuse: flag,
  presence_ttl_sec: optionalInteger(REQUEST_NUMBERS.presence_ttl_sec),
  harness: optionalName,
  process: processOf,
})

export const renameSession = z.object({
  agent_id: name,
  display_name: name.refine(
    (text) => !exceedsChars(text, MAX_DISPLAY_NAME_CHARS),
    `must be at most ${MAX_DISPLAY_NAME_CHARS} characters`,
  ),
})

export const keepAlive = z.object({ agent_id: name })
export const closeSession = z.object({ session_id: name })
export const listAgents = z.object({ capability: optionalName, as: optionalName })
export const bootstrapQuery = z.object({ agent_id: name })

// §4 Channels and messages

export const createChannel = z.object({ name, created_by: optionalName, metadata: jsonObject })

const kind = z.preprocess(
  (value) => (typeof value === 'string' ? value.trim().toLowerCase() || 'chat' : (value ?? 'chat')),
  z.enum(MESSAGE_KINDS, `must be one of ${MESSAGE_KINDS.join(', ')}`),
)

/** `POST /v1/messages` under a hub's limits. Compiled, because it is the most frequent request. */
export function postMessage(limits: Limits) {
  const schema = z
    .object({
      from_agent: name,
      to_agent: optionalName,
      channel: optionalName,
      kind,
      body: freeText.refine(
        (text) => text === undefined || !exceedsChars(text, limits.maxBodyChars),
        `must be at most ${limits.maxBodyChars} characters; send the rest as attachments or a file_ref`,
      ),
      attachments: attachmentList(limits),
      reply_to: optionalInteger(REQUEST_NUMBERS.reply_to),
      thread_id: optionalName,
      metadata: jsonObject,
      parent_task_id: optionalInteger(REQUEST_NUMBERS.parent_task_id),
      // [ours] §18
      to_must_exist: optionalFlag,
      if_latest: optionalInteger(REQUEST_NUMBERS.if_latest),
    })
    .refine((message) => message.attachments.length > 0 || (message.body ?? '').trim() !== '', {
      path: ['body'],
      error: 'is required, unless there is an attachment',
    })
    .refine((message) => message.if_latest === undefined || message.to_agent === undefined, {
      path: ['if_latest'],
      error: 'is for posts to a channel or thread, not for a direct message',
    })
  return z.compile(schema)
}
export type PostMessage = z.infer<ReturnType<typeof postMessage>>

export const listMessages = z
  .object({
    channel: optionalName,
    thread_id: optionalName,
    since_id: sinceId,
    limit,
    timeout: pollTimeout,
    tail: flag,
    before_id: optionalInteger(REQUEST_NUMBERS.before_id), // [ours] §18
  })
  .refine(
    (query) => query.channel !== undefined || query.thread_id !== undefined,
    'channel or thread_id is required',
  )

/** Compiled, because a thousand agents that one message wakes poll again at once. */
export const listEvents = z.compile(
  z.object({
    agent_id: name,
    channel: optionalName,
    thread_id: optionalName,
    since_id: sinceId,
    limit,
    timeout: pollTimeout,
    exclude_self: flag,
  }),
)

export const openStream = z.object({
  agent_id: name,
  channels: nameList,
  since_id: sinceId,
  exclude_self: flag,
  changes: flag,
})

export const listInbox = z.object({
  agent_id: name,
  since_id: sinceId,
  limit,
  tail: flag,
  before_id: optionalInteger(REQUEST_NUMBERS.before_id), // [ours] §18
})
export const getMessage = z.object({ id: integer(REQUEST_NUMBERS.message_id) }) // [ours] §18

// §18 Mailboxes and receipts [ours]

export const offerMailbox = z.object({
  agent_id: name,
  reader: name,
  limit: z.preprocess((value) => value ?? OFFER_MESSAGES, limit),
  max_chars: integerOr(REQUEST_NUMBERS.max_chars, OFFER_CHARS.default),
  lease_sec: integerOr(REQUEST_NUMBERS.lease_sec, OFFER_LEASE_SEC.default),
  ambient: z.preprocess((value) => value ?? true, flag),
  timeout: pollTimeout,
})
export const markShown = z.object({
  agent_id: name,
  offer_id: name,
  via: optionalName,
  up_to_id: optionalInteger(REQUEST_NUMBERS.up_to_id),
})
export const getMailbox = z.object({ agent_id: name })
/** Of the payload only what the hub looks at. */
export const callHook = z.object({ agent_id: name, session_id: name, hook_event_name: name })
export const getWake = z.object({ agent_id: name, timeout: pollTimeout })
export const acknowledge = z.object({
  id: integer(REQUEST_NUMBERS.message_id),
  agent_id: name,
  note: description,
})
export const listUndelivered = z.object({
  from: optionalName,
  to: optionalName,
  older_than_sec: integerOr(REQUEST_NUMBERS.older_than_sec, 0),
  limit,
})
export const getAgent = z.object({ agent_id: name })

// §5 Threads

/** [ours] `limit` and `cursor` ask for a page. Without `limit` the answer is the whole list. */
export const listThreads = z.object({ limit: optionalLimit, cursor: optionalText })
export const getThread = z.object({ thread_id: name })

// §6 Claims and locks

/** [ours] §19: the fence that the agent was given with the lease. */
const fence = optionalInteger(REQUEST_NUMBERS.fence)

export const acquireClaim = z
  .object({
    owner_agent_id: name,
    claim_key: optionalName,
    task_message_id: optionalInteger(REQUEST_NUMBERS.task_message_id),
    thread_id: optionalName,
    ttl_sec: leaseTtl,
    metadata: jsonObject,
    fence,
  })
  .refine(
    (claim) => claim.claim_key !== undefined || claim.task_message_id !== undefined,
    'claim_key or task_message_id is required',
  )

export const refreshClaim = z.object({ claim_key: name, owner_agent_id: name, ttl_sec: leaseTtl, fence })
export const releaseClaim = z.object({ claim_key: name, agent_id: name, fence, by_operator: flag })
export const listClaims = z.object({ thread_id: optionalName, active_only: flag })

export const acquireLock = z.object({
  agent_id: name,
  file_path: path,
  ttl_sec: leaseTtl,
  metadata: jsonObject,
  fence,
})
export const refreshLock = z.object({ agent_id: name, file_path: path, ttl_sec: leaseTtl, fence })
export const releaseLock = z.object({ agent_id: name, file_path: path, fence, by_operator: flag })
export const listLocks = z.object({ agent_id: optionalName, active_only: flag })

// [ours] §19
const glob = z.preprocess(
  (value) => (typeof value === 'string' ? value.trim() : value),
  z.string('must be a string').superRefine((text, context) => {
    const problem = globProblem(text)
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
  }),
)
const globs = z
  .array(glob, { error: (issue) => (issue.input === undefined ? 'is required' : 'must be a list of globs') })
  .min(1, 'must not be empty')
  .max(MAX_GLOBS, `must hold at most ${MAX_GLOBS} globs`)
  .refine(fitTogether, `must be at most ${MAX_PATTERN_CHARS} characters together, with their braces expanded`)

export const acquireScope = z.object({
  agent_id: name,
  globs,
  mode: z.preprocess(
    (value) => value ?? 'exclusive',
    z.enum(SCOPE_MODES, `must be one of ${SCOPE_MODES.join(', ')}`),
  ),
  ttl_sec: leaseTtl,
  reason: optionalPath,
  metadata: jsonObject,
})
const scopeId = integer(REQUEST_NUMBERS.scope_id)
export const refreshScope = z.object({ scope_id: scopeId, agent_id: name, ttl_sec: leaseTtl })
export const releaseScope = z.object({ scope_id: scopeId, agent_id: name, by_operator: flag })
export const listScopes = z.object({ path: optionalPath, agent_id: optionalName })

export const acquireSlot = z.object({
  name,
  agent_id: name,
  capacity: z.preprocess((value) => value ?? 1, integer(REQUEST_NUMBERS.capacity)),
  ttl_sec: leaseTtl,
  fence,
})
export const refreshSlot = z.object({ name, agent_id: name, ttl_sec: leaseTtl, fence })
export const releaseSlot = z.object({ name, agent_id: name, fence, by_operator: flag, holder: optionalName })
export const listSlots = z.object({ name: optionalName, agent_id: optionalName })

/** [ours] §19: the seconds that an acquire waits for the lease. */
export const waiting = z.object({ timeout: pollTimeout })

/** [ours] §19: the lease under which a post or a `complete` is made. */
export const fencing = z
  .object({ fence: integer(REQUEST_NUMBERS.fence), claim_key: optionalName, file_path: optionalPath })
  .refine(
    ({ claim_key, file_path }) => (claim_key === undefined) !== (file_path === undefined),
    'fence needs either claim_key or file_path',
  )
export type Fencing = z.infer<typeof fencing>

// §7 Tasks

export const listTasks = z.object({
  parent_id: optionalInteger(REQUEST_NUMBERS.parent_id),
  status: z.preprocess(
    (value) => (value === '' || value === null ? undefined : value),
    z.enum(TASK_STATUSES, `must be one of ${TASK_STATUSES.join(', ')}`).optional(),
  ),
  channel: optionalName,
  thread_id: optionalName,
  /** [ours] With `limit`, a page by task id. Without it the answer is the whole list. */
  since_id: sinceId,
  limit: optionalLimit,
})

export const completeTask = z.object({ task_id: integer(REQUEST_NUMBERS.task_id) })

// [ours] §20
export const nextTask = z.object({
  agent_id: name,
  channel: optionalName,
  thread_id: optionalName,
  ttl_sec: leaseTtl,
})
export const assignTask = z.object({
  task_id: integer(REQUEST_NUMBERS.task_id),
  agent_id: name,
  by: optionalName,
  ttl_sec: leaseTtlOr(ASSIGNED_TTL_SEC),
})
export const reopenTask = z.object({ task_id: integer(REQUEST_NUMBERS.task_id), by: optionalName })

// §8 Administration

export const beginShutdown = z.object({
  delay_sec: number(REQUEST_NUMBERS.delay_sec, SHUTDOWN_DELAY_SEC.default),
})

export const setNetwork = z.object({
  allow_remote: z.preprocess(
    (value) =>
      typeof value === 'string' || typeof value === 'number'
        ? /^(true|1|yes)$/i.test(String(value))
        : (value ?? undefined),
    z.boolean({ error: (issue) => (issue.input === undefined ? 'is required' : 'must be true or false') }),
  ),
})
