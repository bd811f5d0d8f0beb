// Channels (PROTOCOL §4). `general` and `direct` always exist.

import { ArcError, invalid, notFound } from '../../protocol/errors.js'
import { DEFAULT_CHANNEL, DIRECT_CHANNEL, SYSTEM_AGENT } from '../../protocol/limits.js'
import type { Channel } from '../../protocol/objects.js'
import { done, made } from '../outcome.js'
import { parseJson } from './json.js'
import { all, one, type Rule, run } from './sql.js'
import type { ChannelRow } from './statements.js'
import type { CommandRules, QueryRules } from './tables.js'
import { nowOf, type Work } from './work.js'

const toChannel = ({ metadata_json, ...row }: ChannelRow): Channel => ({
  ...row,
  metadata: parseJson(metadata_json, {}),
})

/** Creates the two built-in channels if they are missing. Returns the time at which `general` was created. */
export function* foundChannels(work: Work): Rule<string> {
  for (const name of [DEFAULT_CHANNEL, DIRECT_CHANNEL])
    yield* run('channel.insert', { name, now: nowOf(work), createdBy: SYSTEM_AGENT, metadata: '{}' })
  return (yield* one('channel.find', { name: DEFAULT_CHANNEL }))?.created_at ?? ''
}

/** @throws ArcError 404 for a reader of an unknown channel */
export function* mustExistToRead(name: string): Rule<void> {
  if (!(yield* one('channel.find', { name }))) throw notFound(`channel "${name}" does not exist`)
}

/** @throws ArcError 400 for a writer to an unknown channel */
export function* mustExistToPost(name: string, { foundChannels }: Work): Rule<void> {
  if (!(yield* one('channel.find', { name })))
    throw invalid(
      `channel "${name}" does not exist; create it first with POST /v1/channels, or arc channel create`,
    )
  foundChannels.add(name)
}

export const channelCommands = {
  *'channel.create'({ name, created_by, metadata }, work) {
    const created = yield* run('channel.insert', {
      name,
      now: nowOf(work),
      createdBy: created_by ?? null,
      metadata,
    })
    const row = yield* one('channel.find', { name })
    if (!row) throw new ArcError('internal', `channel "${name}" was created and can't be read`)
    return created.changes === 1 ? made(toChannel(row)) : done(toChannel(row))
  },
} satisfies Partial<CommandRules>

export const channelQueries = {
  *'channels.list'() {
    return done((yield* all('channel.list', {})).map(toChannel))
  },
} satisfies Partial<QueryRules>
