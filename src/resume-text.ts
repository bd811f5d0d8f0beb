// What an agent has to know to go on after its context was lost (PROTOCOL §17): what it holds, what is unread, its tasks, and
// what was decided last. Bounded, for a model.

import { leaseWords, taskLine } from './lease-words.js'
import type { Agent, Message } from './protocol/objects.js'
import { clock, quotedMessages, shortened } from './quoting.js'

/** Characters of the whole text. */
export const MAX_RESUME = 2_000
/** The newest messages of the agent's feed in which decisions are looked for. */
export const RECENT = 200
const MOST_DECISIONS = 5
const MAX_DECISIONS = 700

export interface Resumption {
  readonly agent: Agent
  /** The newest messages that the agent may see, in ascending order. */
  readonly recent: readonly Message[]
}

/** The id after which the newest messages that the agent knows begin. What it was not shown comes by its mailbox. */
export function recentSince({ mailbox, last_message }: Agent): number {
  return Math.max(0, Math.max(mailbox.last_shown_id ?? 0, last_message?.id ?? 0) - RECENT)
}

export function resumeText({ agent, recent }: Resumption): string {
  const {
    agent_id: id,
    mailbox,
    claims,
    locks,
    scopes = [],
    slots = [],
    waits_for: waits = [],
    tasks,
  } = agent
  const decisions = recent.filter(isDecision).slice(-MOST_DECISIONS)
  const held = [
    ...[...claims, ...locks, ...scopes].map((lease) => `- ${leaseWords(lease, true)}`),
    ...slots.map(({ name, expires_at }) => `- slot ${shortened(name)} until ${clock(expires_at)}`),
  ]
  const waited = waits.map(
    ({ kind, key }) => `- ${kind}${key === undefined ? '' : ` ${shortened(key, 200)}`}`,
  )
  const sections: (readonly [heading: string, lines: readonly string[]])[] = [
    ['You hold:', held],
    ['You wait for:', waited],
    ['Your open tasks:', tasks.map(taskLine)],
  ]
  const said = decisions.map((message) => ({ message, isCall: false }))
  const last =
    decisions.length === 0
      ? []
      : ['Decided last:', ...quotedMessages(said, id, MAX_DECISIONS, (one) => `arc message ${one}`)]
  const opening = [
    `Arc: you are agent ${shortened(id)}, as before. Unread: ${mailbox.unread} for you, ${mailbox.ambient_unread} in the room.`,
    ...(held.length + tasks.length === 0 ? ['You hold nothing, and no open task is yours.'] : []),
  ]
  const more = `(more: arc agent --agent ${shortened(id)} ${shortened(id)})`
  const budget = MAX_RESUME - [...opening, ...last, more].join('\n').length - 1
  return [...opening, ...filled(sections, budget, more), ...last].join('\n')
}

/** As many whole lines of the sections as fit; each section may use what the ones before it have left. */
function filled(
  sections: readonly (readonly [heading: string, lines: readonly string[]])[],
  max: number,
  more: string,
): string[] {
  const text: string[] = []
  let budget = max
  let isWhole = true
  const used = sections.filter(([, lines]) => lines.length > 0)
  for (const [i, [heading, lines]] of used.entries()) {
    let share = Math.floor(budget / (used.length - i)) - heading.length - 1
    const kept: string[] = []
    for (const line of lines) {
      if (line.length + 1 > share) break
      kept.push(line)
      share -= line.length + 1
    }
    isWhole &&= kept.length === lines.length
    if (kept.length === 0) continue
    text.push(heading, ...kept)
    budget -= [heading, ...kept].join('\n').length + 1
  }
  return isWhole ? text : [...text, more]
}

/** A result of work, an answer to a question, or what its sender calls a decision by `metadata.decision`. */
function isDecision({ kind, metadata }: Message): boolean {
  return kind === 'task_result' || metadata.decision === true || metadata.answer !== undefined
}
