// The numbers of protocol v1: those that a hub's options set, and the fixed ones.

/** The maxima of a hub (PROTOCOL §2). Characters are Unicode code points. */
export interface Limits {
  /** Characters in a message body. Default 128,000. */
  readonly maxBodyChars: number
  /** Characters in the JSON encoding of one attachment's `content`. Default 256,000. */
  readonly maxAttachmentChars: number
  /** Attachments in one message. Default 32. */
  readonly maxAttachments: number
  /** Messages of agents in a row in a channel, after which they wake nobody (PROTOCOL §18). 0: no limit. Default 40. */
  readonly loopGuardChannel: number
  /** The same between two agents. Default 20. */
  readonly loopGuardPair: number
}

/** The newest direct messages to an agent in which those of one other agent are counted. */
export const LOOP_GUARD_SPAN = 200

export const DEFAULT_LIMITS: Limits = {
  maxBodyChars: 128_000,
  maxAttachmentChars: 256_000,
  maxAttachments: 32,
  loopGuardChannel: 40,
  loopGuardPair: 20,
}

/** Bytes of the largest request body that a hub with these limits reads (PROTOCOL §1). */
export function maxRequestBytes(
  limits: Pick<Limits, 'maxBodyChars' | 'maxAttachmentChars' | 'maxAttachments'>,
): number {
  return limits.maxBodyChars + limits.maxAttachmentChars * limits.maxAttachments + 65_536
}

/** The maximum of `maxRequestBytes`. JavaScript's longest string is about twice this, and work on a text needs room. */
export const MAX_REQUEST_BYTES = 268_435_456

export const PROTOCOL_VERSION = '1'
export const DEFAULT_CHANNEL = 'general'
export const DIRECT_CHANNEL = 'direct'
/** The author of the hub's own notices, and the creator of the two built-in channels. */
export const SYSTEM_AGENT = 'system'

/** Rows of a listing: without `limit`, and at most. */
export const QUERY_LIMIT = { default: 100, max: 500 } as const
/** Messages of an offer without `limit` (PROTOCOL §18). */
export const OFFER_MESSAGES = 50
/** Characters of the bodies and attachments in one offer. */
export const OFFER_CHARS = { min: 200, max: 16_000_000, default: 6_000 } as const
/** Seconds in which an offer must be said to be shown. */
export const OFFER_LEASE_SEC = { min: 5, max: 300, default: 30 } as const
/** Ambient messages are counted up to here: the count of a mailbox that is far behind would be slow. */
export const MAX_AMBIENT_COUNT = 1_000
/** The longest wait of a long-poll, in seconds. */
export const MAX_POLL_SEC = 60
/**
 * Seconds that a claim or lock lives. With at most 6,300 years every expiry has a year of four digits, so dates compare as
 * texts.
 */
export const LEASE_TTL_SEC = { min: 5, max: 200_000_000_000, default: 300 } as const
/** Agents that may hold one slot at a time (PROTOCOL §19). */
export const MAX_CAPACITY = 1_000
/** The default for a task that the operator assigns: its agent may be busy for a while. */
export const ASSIGNED_TTL_SEC = 3_600
/** Seconds without a sign of life after which a session expires. At most 30 days: a third of it must fit a timer. */
export const PRESENCE_TTL_SEC = { min: 5, max: 2_592_000, default: 120 } as const
/** The same for one session, if it says so (PROTOCOL §17). */
export const SESSION_TTL_SEC = { min: 5, max: 86_400 } as const
/** Seconds between `POST /v1/shutdown` and the shutdown. */
export const SHUTDOWN_DELAY_SEC = { default: 60, max: 3_600 } as const
export const MAX_DISPLAY_NAME_CHARS = 64
/** Characters of a name: of an agent, channel, thread, claim, capability, language or revision. */
export const MAX_NAME_CHARS = 256
/** Characters of a file's path, and of its description. */
export const MAX_PATH_CHARS = 4_096
/** Capabilities of one agent. Every listing of agents contains them. */
export const MAX_CAPABILITIES = 100
/** Levels of lists and objects in a request's body. Python's reader fails at 1,000 levels, pages that draw them earlier. */
export const MAX_JSON_LEVELS = 100
/** Hours for which the hub keeps an answer under its idempotency key (PROTOCOL §9). */
export const IDEMPOTENCY_RETENTION_HOURS = 24

/** Whether `text` has more than `max` Unicode characters. It counts them only if the UTF-16 length leaves doubt. */
export function exceedsChars(text: string, max: number): boolean {
  if (text.length <= max) return false
  let chars = text.length
  for (let i = 0; i < text.length - 1; i++) {
    const isPair = (text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00
    if (isPair) {
      chars--
      i++
    }
  }
  return chars > max
}
