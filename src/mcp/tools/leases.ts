// The tools for what an agent holds: claims, locks and scopes. They are refreshed while the server runs.

import { z } from 'zod'
import { leaseWords } from '../../lease-words.js'
import { globFromRoot, pathFromRoot } from '../../project-path.js'
import { ArcError } from '../../protocol/errors.js'
import { shortened } from '../../quoting.js'
import type { ArcClient } from '../../sdk/client.js'
import { tool, wait } from '../tool.js'

const what = {
  lock: z.string().optional().describe('file path from the project root'),
  scope: z.array(z.string()).optional().describe('globs'),
  claim: z.string().optional().describe('any key; task-ID for a task'),
}
interface What {
  readonly lock?: string | undefined
  readonly scope?: readonly string[] | undefined
  readonly claim?: string | undefined
}

export const hold = tool({
  name: 'arc_hold',
  description:
    'Before you edit: hold a file (lock), files (scope) or a piece of work (claim), one of them, until arc_release. wait: seconds in line.',
  input: z.strictObject({ ...what, wait: wait.default(0) }),
  isIdempotent: true,
  async run({ wait, ...given }, { agent: { client }, signal }) {
    const { lock, scope, claim } = whatIn(given)
    const options = { wait, signal }
    if (lock !== undefined) {
      const { acquired, lock: row, waiting, holders = [] } = await client.lock(lock, options)
      return acquired
        ? held('lock', row.file_path)
        : inTheWay(holders.length > 0 ? holders : [row], waiting, wait)
    }
    if (claim !== undefined) {
      const { acquired, claim: row, waiting } = await client.claim(claim, options)
      return acquired ? held('claim', row.claim_key) : inTheWay([row], waiting, wait)
    }
    const { scope: row, waiting, holders = [] } = await client.scope(scope ?? [], options)
    return row ? held('scope', row.globs.join(' ')) : inTheWay(holders, waiting, wait)
  },
})

export const release = tool({
  name: 'arc_release',
  description: 'Let go of what you hold, as soon as you are done with it.',
  input: z.strictObject(what),
  async run(given, { agent: { client }, signal }) {
    const { lock, scope, claim } = whatIn(given)
    if (lock !== undefined) await client.unlock(lock, { signal })
    else if (claim !== undefined) await client.release(claim, { signal })
    else await client.releaseScope(await scopeOf(client, scope ?? [], signal), { signal })
    return `Released ${shortened(lock ?? claim ?? (scope ?? []).join(' '), 200)}.`
  },
})

/** Paths from the root of the project, however a model gives them. @throws ArcError unless exactly one is named */
function whatIn({ lock, scope, claim }: What): What {
  const named = [lock, scope, claim].filter((one) => one !== undefined)
  if (named.length !== 1) throw new ArcError('invalid_request', 'name exactly one of lock, scope and claim')
  return {
    lock: lock === undefined ? undefined : pathFromRoot(lock),
    scope: scope?.map((glob) => globFromRoot(glob)),
    claim,
  }
}

const held = (kind: string, name: string) =>
  `You hold ${kind} ${shortened(name, 200)}. arc_release it when you are done.`

function inTheWay(
  holders: readonly Parameters<typeof leaseWords>[0][],
  waiting: readonly string[] = [],
  waitSec: number,
): string {
  const line = waiting.length > 0 ? [`In line: ${waiting.map((name) => shortened(name)).join(', ')}`] : []
  return [
    `Not yours${waitSec > 0 ? `, after ${waitSec} s` : ''}. In the way:`,
    ...holders.map((holder) => `- ${leaseWords(holder)}`),
    ...line,
    'Wait in line (wait), do other work, or arc_post to its holder.',
  ].join('\n')
}

/** The agent's own scope of these globs. */
async function scopeOf(client: ArcClient, globs: readonly string[], signal: AbortSignal): Promise<number> {
  const wanted = [...globs].sort().join('\n')
  const scopes = await client.listScopes({ agentId: client.agentId, signal })
  const found = scopes.find((one) => [...one.globs].sort().join('\n') === wanted)
  if (found) return found.scope_id
  const yours = scopes.map((one) => JSON.stringify(one.globs)).join(', ')
  const text = `you hold no scope of these globs; ${yours === '' ? 'you hold none' : `you hold ${yours}`}`
  throw new ArcError('not_found', text)
}
