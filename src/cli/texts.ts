// Results as text for people on a terminal: tables, and messages with their bodies. What agents have written holds no control
// character that a terminal would obey.

import { styleText } from 'node:util'
import { beginning } from '../cut.js'
import type {
  Agent,
  Bootstrap,
  Channel,
  Claim,
  Lock,
  Mailbox,
  Receipt,
  Scope,
  Session,
  Slot,
  Task,
  ThreadDetail,
} from '../protocol/objects.js'
import type { ClaimResult, LockResult } from '../sdk/lease-options.js'
import type { ReceivedMessage } from '../sdk/options.js'

type Cell = string | number | null | undefined
type Style = Parameters<typeof styleText>[0]

/** NO_COLOR and the like are in `hasColors`. */
const isColoured = process.stdout.isTTY === true && process.stdout.hasColors()

const styled = (style: Style, text: string) => (isColoured ? styleText(style, text) : text)

/** Control characters, and those that turn the direction of a text, as escapes. Line ends and tabs stay. */
export function visible(text: string): string {
  return text.replace(/(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (char) => {
    const code = char.charCodeAt(0)
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`
  })
}

/** A name in one line: a line end in it would forge lines of ours. */
const oneLine = (text: string) => visible(text).replace(/\s+/g, ' ')

/** The most characters of a cell: one long name would make every row as long. */
const MAX_CELL = 80

const bounded = (text: string) => (text.length <= MAX_CELL ? text : `${beginning(text, MAX_CELL - 1)}…`)

/** The columns that a text takes in a terminal. */
function width(text: string): number {
  const wide =
    /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/u
  let columns = 0
  for (const char of text) {
    if (/[\p{Mn}\p{Me}\p{Cf}]/u.test(char)) continue
    columns += wide.test(char) || char > '\u{1ffff}' ? 2 : 1
  }
  return columns
}

/** Rows under their headings. A cell is one line; an empty column is left out. */
export function table(headings: readonly string[], rows: readonly (readonly Cell[])[], none: string): string {
  if (rows.length === 0) return `${none}\n`
  const texts = rows.map((row) => row.map((cell) => bounded(oneLine(`${cell ?? ''}`))))
  const columns = headings.map((_, i) => i).filter((i) => texts.some((row) => row[i] !== ''))
  const widths = columns.map((i) => Math.max(...[headings, ...texts].map((row) => width(row[i] ?? ''))))
  const line = (row: readonly string[]) =>
    columns
      .map((i, nth) => `${row[i]}${' '.repeat((widths[nth] ?? 0) - width(row[i] ?? ''))}`)
      .join('  ')
      .trimEnd()
  return `${[styled('bold', line(headings)), ...texts.map(line)].join('\n')}\n`
}

/** The time of a clock, with the date unless it is today. */
export function time(iso: string | null, now = new Date()): string {
  if (iso === null) return ''
  const at = new Date(iso)
  const two = (value: number) => `${value}`.padStart(2, '0')
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
  if (at.toDateString() === now.toDateString()) return clock
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock}`
}

export function messages(rows: readonly ReceivedMessage[]): string {
  return rows.map(message).join('')
}

/** A message with the texts of its attachments. */
export function wholeMessage(row: ReceivedMessage): string {
  const texts = row.attachments.flatMap((one) => {
    const { content } = one as Readonly<Record<string, unknown>>
    return typeof content === 'string' ? [visible(content).replace(/\n?$/, '\n')] : []
  })
  return [message(row), ...texts].join('\n')
}

/** A line about the message, and its text below. */
export function message(row: ReceivedMessage): string {
  const { id, ts, from_agent, to_agent, channel, kind, thread_id, reply_to, offers = 1 } = row
  const facts = [
    styled('dim', time(ts)),
    styled('bold', oneLine(from_agent)) +
      (to_agent === null ? ` in ${oneLine(channel)}` : ` to ${oneLine(to_agent)}`),
    kind !== 'chat' && `[${oneLine(kind)}]`,
    thread_id !== null && `thread ${oneLine(thread_id)}`,
    reply_to !== null && `answers ${reply_to}`,
    offers > 1 && styled('yellow', `offered before (${offers} times)`),
  ].filter((fact) => fact !== false)
  return `${[styled('cyan', `${id}`), ...facts].join('  ')}\n${indented(row)}`
}

function indented({ body, attachments }: ReceivedMessage): string {
  const lines = visible(body).split('\n')
  if (lines.at(-1) === '') lines.pop()
  const attached = attachments.map((one) => {
    const fields = one as Readonly<Record<string, unknown>>
    const what = [fields.type, fields.path, fields.language].filter((part) => typeof part === 'string')
    const length = typeof fields.content === 'string' ? ` (${fields.content.length} characters)` : ''
    return `+ ${oneLine(what.join(' '))}${length}`
  })
  return [...lines, ...attached].map((line) => `    ${line}\n`).join('')
}

export function sessions(rows: readonly (Session & { readonly reach?: string })[]): string {
  return table(
    ['AGENT', 'NAME', 'REACH', 'LAST SEEN', 'SINCE', 'HARNESS', 'CAPABILITIES'],
    rows.map((row) => [
      row.agent_id,
      row.display_name === row.agent_id ? '' : row.display_name,
      row.reach,
      time(row.last_seen),
      time(row.created_at),
      row.harness,
      row.capabilities.join(', '),
    ]),
    'nobody is here',
  )
}

export function bootstrap({ agent_id, session, latest_visible_id, live_agents }: Bootstrap): string {
  const id = oneLine(agent_id)
  const is = session ? `${id} is signed in since ${time(session.created_at)}` : `${id} is not signed in`
  return `${is}; the latest message is ${latest_visible_id}\n\n${sessions(live_agents)}`
}

export function channels(rows: readonly Channel[]): string {
  const cells = rows.map((row) => [row.name, row.created_by, time(row.created_at)])
  return table(['CHANNEL', 'CREATED BY', 'CREATED'], cells, 'there are no channels')
}

export function tasks(rows: readonly Task[]): string {
  const cells = rows.map((row) => [
    row.task_id,
    row.status,
    row.title,
    row.from_agent,
    row.assignee,
    row.parent_task_id,
    row.channel,
    row.thread_id,
    time(row.created_at),
    time(row.completed_at),
  ])
  return table(
    ['TASK', 'STATUS', 'TITLE', 'FROM', 'ASSIGNEE', 'PARENT', 'CHANNEL', 'THREAD', 'CREATED', 'DONE'],
    cells,
    'there are no tasks',
  )
}

export function leases(rows: readonly (Claim | Lock | Scope | Slot)[]): string {
  const cells = rows.map((row) => {
    const [what, key, holder, since] = held(row)
    return [what, key, holder, time(since), time(row.expires_at), row.waiting?.join(', ')]
  })
  return table(['KIND', 'KEY', 'HOLDER', 'SINCE', 'UNTIL', 'WAITING'], cells, 'nothing is held')
}

function held(row: Claim | Lock | Scope | Slot): [what: string, key: string, holder: string, since: string] {
  if ('file_path' in row) return ['lock', row.file_path, row.agent_id, row.locked_at]
  if ('claim_key' in row) return ['claim', row.claim_key, row.owner_agent_id, row.claimed_at]
  if ('globs' in row) {
    const mode = row.mode === 'shared' ? ' (shared)' : ''
    return [`scope ${row.scope_id}`, `${row.globs.join(' ')}${mode}`, row.agent_id, row.acquired_at]
  }
  return ['slot', row.name, row.agent_id, row.acquired_at]
}

export function lease(result: ClaimResult | LockResult): string {
  if (!result.acquired) return ''
  const [key, { expires_at }] =
    'lock' in result ? [result.lock.file_path, result.lock] : [result.claim.claim_key, result.claim]
  return `${oneLine(key)} is yours until ${time(expires_at)}\n`
}

export function receipts(rows: readonly Receipt[], none = 'there is no receipt'): string {
  const cells = rows.map((row) => [
    row.message_id,
    row.from_agent,
    row.agent_id,
    row.state,
    time(row.acknowledged_at ?? row.shown_at ?? row.offered_at ?? row.queued_at),
    row.via,
    row.reason?.replaceAll('_', ' '),
    row.offers > 1 ? row.offers : '',
    row.note,
  ])
  const headings = ['MESSAGE', 'FROM', 'TO', 'STATE', 'AT', 'VIA', 'WHY', 'OFFERS', 'NOTE']
  return table(headings, cells, none)
}

export function mailbox({ agent_id, unread, ambient_unread, oldest_unread_at }: Mailbox): string {
  const oldest = oldest_unread_at === null ? '' : `, the oldest since ${time(oldest_unread_at)}`
  return `${oneLine(agent_id)} has ${unread} unread for it${oldest}, and ${ambient_unread} more in the room\n`
}

export function thread({ thread, messages: rows, tasks: work, claims, locks }: ThreadDetail): string {
  const held = [...claims, ...locks]
  return [
    `${styled('bold', oneLine(thread.thread_id))}  ${thread.status}, ${thread.message_count} ${thread.message_count === 1 ? 'message' : 'messages'}\n`,
    messages(rows),
    work.length > 0 ? tasks(work) : '',
    held.length > 0 ? leases(held) : '',
  ]
    .filter((part) => part !== '')
    .join('\n')
}

export function agent({ session, mailbox: box, claims, locks, tasks: work, last_message }: Agent): string {
  const held = [...claims, ...locks]
  return [
    session
      ? sessions([session])
      : `${oneLine(box.agent_id)} is away, last seen ${time(box.last_seen) || 'never'}\n`,
    mailbox(box),
    held.length > 0 ? leases(held) : '',
    work.length > 0 ? tasks(work) : '',
    last_message ? message(last_message) : '',
  ]
    .filter((part) => part !== '')
    .join('\n')
}

/** An object, one member a line. */
export function facts(value: object): string {
  const rows = Object.entries(value).filter(([, one]) => one !== null && one !== undefined)
  const longest = Math.max(0, ...rows.map(([name]) => name.length))
  const text = (one: unknown): string => {
    if (typeof one === 'string') return visible(one)
    if (typeof one !== 'object' || one === null) return `${one}`
    const parts = Array.isArray(one)
      ? one.map(text)
      : Object.entries(one).map(([name, part]) => `${name.replaceAll('_', ' ')} ${text(part)}`)
    return parts.join(', ') || 'none'
  }
  return rows.map(([name, one]) => `${name.replaceAll('_', ' ').padEnd(longest)}  ${text(one)}\n`).join('')
}
