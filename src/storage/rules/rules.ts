// All rules in two tables: an engine runs a command or a query by its name.

import { isFinal, requestExpired } from '../../protocol/errors.js'
import type { Command, Commands, Queries, Query, Submission } from '../commands.js'
import { type Done, done, isRefused, type Outcome, refused } from '../outcome.js'
import { agentQueries } from './agents.js'
import { channelCommands, channelQueries } from './channels.js'
import { hubStateCommands, hubStateQueries } from './hub-state.js'
import { outcomeFor, remember } from './idempotency.js'
import { leaseCommands, leaseQueries } from './leases.js'
import { mailboxCommands, mailboxQueries } from './mailboxes.js'
import { messageCommands, messageQueries } from './messages.js'
import { waitCommands, waitQueries } from './prospects.js'
import { receiptCommands, receiptQueries } from './receipts.js'
import { scopeCommands, scopeQueries } from './scopes.js'
import { sessionCommands, sessionQueries } from './sessions.js'
import { slotCommands, slotQueries } from './slots.js'
import { one, type Rule } from './sql.js'
import type { CommandRules, QueryRules } from './tables.js'
import { taskCommands, taskQueries } from './tasks.js'
import { threadQueries } from './threads.js'
import { wakeQueries } from './wakes.js'
import { nowOf, type Work } from './work.js'
import { taskWorkCommands } from './work-on-tasks.js'

const COMMANDS: CommandRules = {
  ...sessionCommands,
  ...channelCommands,
  ...messageCommands,
  ...mailboxCommands,
  ...receiptCommands,
  ...leaseCommands,
  ...scopeCommands,
  ...slotCommands,
  ...waitCommands,
  ...taskCommands,
  ...taskWorkCommands,
  ...hubStateCommands,
}

const QUERIES: QueryRules = {
  ...channelQueries,
  ...sessionQueries,
  ...agentQueries,
  ...messageQueries,
  ...mailboxQueries,
  ...receiptQueries,
  ...wakeQueries,
  ...threadQueries,
  ...leaseQueries,
  ...scopeQueries,
  ...slotQueries,
  ...waitQueries,
  ...taskQueries,
  ...hubStateQueries,
  *'status.get'(waiting, work) {
    return done({ counts: yield* one('status.counts', { now: nowOf(work) }), ...waiting })
  },
}

/** @throws ArcError when the command is refused; the engine must then undo its writes */
export function commandRule({ op, input }: Command, work: Work): Rule<Outcome> {
  const rule = COMMANDS[op] as (input: Commands[Command['op']], work: Work) => Rule<Outcome>
  return rule(input, work)
}

/** @throws ArcError when the query is refused */
export function queryRule({ op, input }: Query, work: Work): Rule<Done> {
  const rule = QUERIES[op] as (input: Queries[Query['op']], work: Work) => Rule<Done>
  return rule(input, work)
}

/** The outcome of a submission that is not executed: it was executed before, or it is too old. */
export function* knownOutcome({ idempotency }: Submission, work: Work): Rule<Outcome | undefined> {
  if (!idempotency) return undefined
  const known = yield* outcomeFor(idempotency, work)
  return known ?? (idempotency.replayOnly ? refused(requestExpired()) : undefined)
}

/** Stores a submission's outcome for its repetition, unless a repetition may succeed. */
export function* keepOutcome({ idempotency }: Submission, outcome: Outcome, work: Work): Rule<void> {
  if (!idempotency || isPassing(outcome)) return
  yield* remember(idempotency, outcome, work)
}

function isPassing(outcome: Outcome): boolean {
  if (typeof outcome === 'string') return false
  return isRefused(outcome) ? !isFinal(outcome.code) : outcome.isPassing === true
}
