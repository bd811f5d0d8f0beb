// Fences (PROTOCOL §19): a number for each holding of a claim or a lock, which grows with each new holder. An agent that
// lost a lease without noticing is refused by it. A trigger of the storage gives the numbers (`sqlite/schema.ts`), so they
// also grow where another implementation takes the lease.

import { ArcError } from '../../protocol/errors.js'
import type { Fencing } from '../../protocol/requests.js'
import { activeLease, type Noun, ownerOf, toLease } from './lease-rows.js'
import { one, type Rule, run } from './sql.js'
import type { Work } from './work.js'

/** The fence of a key's newest holding, active or not. Null: nobody has ever held it. */
export function* fenceOf(kind: Noun, key: string): Rule<number | null> {
  return (yield* one('fence.find', { kind, key }))?.fence ?? null
}

/** A new fence for a kind of lease that no trigger gives one. */
export function* newFence(kind: 'slot' | 'scope', key: string | null): Rule<number> {
  if (key !== null) yield* run('fence.delete', { kind, key })
  return (yield* run('fence.insert', { kind, key })).id
}

/** @throws ArcError `stale_fence`, with the holder, unless the fence is absent or the key's newest */
export function* mustBeNewest(kind: Noun, key: string, given: number | undefined, work: Work): Rule<void> {
  if (given === undefined) return
  const fence = yield* fenceOf(kind, key)
  if (fence === given) return
  const row = yield* activeLease(kind, key, work)
  const who = row ? `${ownerOf(row)} holds it` : 'nobody holds it now'
  const text = `the fence ${given} of the ${kind} "${key}" is not its newest, so the agent has lost it: ${who}; nothing was done, acquire it again before you go on`
  throw new ArcError('stale_fence', text, { beside: { holder: row ? toLease(row) : null, fence } })
}

/** The same for a request that is no lease call and names a lease. */
export function mustStillHold({ fence, claim_key, file_path }: Fencing, work: Work): Rule<void> {
  if (claim_key !== undefined) return mustBeNewest('claim', claim_key, fence, work)
  return mustBeNewest('lock', file_path ?? '', fence, work)
}
