// The commands that take and release claims and locks.

import type { ArgsDef } from 'citty'
import { pathFromRoot } from '../project-path.js'
import { LEASE_TTL_SEC } from '../protocol/limits.js'
import type { ArcClient } from '../sdk/client.js'
import type { ClaimResult, LockResult } from '../sdk/lease-options.js'
import { agentArguments, SHELL_TTL_SEC, signedIn } from './agent-arguments.js'
import { seconds, wholeNumber } from './arguments.js'
import { command } from './command.js'
import { ExitStatus, say, show, showFacts } from './output.js'

export const leaseArguments = {
  'ttl-sec': {
    type: 'string',
    description: `Seconds that it lasts (default ${SHELL_TTL_SEC})`,
    valueHint: 'sec',
  },
} as const satisfies ArgsDef

export const waitArgument = {
  wait: {
    type: 'string',
    description: 'Seconds to wait in line while another agent has it (default 0)',
    valueHint: 'sec',
  },
} as const satisfies ArgsDef

export function leaseTtl(given: Readonly<Record<string, unknown>>): number {
  return wholeNumber(given['ttl-sec'], 'ttl-sec', LEASE_TTL_SEC.min, LEASE_TTL_SEC.max) ?? SHELL_TTL_SEC
}

/** @throws ExitStatus 1 if another agent has it */
async function printLease(
  given: { json?: boolean | undefined },
  result: ClaimResult | LockResult,
): Promise<void> {
  await show(given, result, (texts) => texts.lease(result))
  if (result.acquired) return
  const [key, holder, { expires_at }] =
    'lock' in result
      ? [result.lock.file_path, result.lock.agent_id, result.lock]
      : [result.claim.claim_key, result.claim.owner_agent_id, result.claim]
  say(`${holder} has ${key} until ${expires_at} at the latest; ask for it: arc post --to ${holder} …`)
  throw new ExitStatus(1)
}

const keyArgument = (description: string) =>
  ({ key: { type: 'positional', required: true, description } }) as const satisfies ArgsDef

/** A path counts from the root of the project. */
function keyFrom(key: string, isPath: boolean): string {
  return isPath ? pathFromRoot(key) : key
}

interface Noun {
  /** What the key is. */
  readonly description: string
  readonly example: string
}

const NOUNS = {
  claim: { description: 'The key, such as task-7', example: 'task-7' },
  lock: { description: 'The path of the file', example: 'src/app.ts' },
} as const satisfies Record<string, Noun>

export function takeCommand(verb: 'claim' | 'lock') {
  const { description, example } = NOUNS[verb]
  return command({
    args: { ...agentArguments, ...leaseArguments, ...waitArgument, ...keyArgument(description) },
    examples: [
      [`arc ${verb} --agent me ${example}`, 'mine for an hour; 1 if another has it'],
      [`arc ${verb} --agent me --ttl-sec 60 ${example}`, 'mine for a minute'],
      [`arc ${verb} --agent me --wait 30 ${example}`, 'waits while another has it'],
    ],
    async run(given) {
      const key = keyFrom(given.key, verb === 'lock')
      const ttlSec = leaseTtl(given)
      const wait = seconds(given.wait, 'wait')
      const take = (client: ArcClient): Promise<ClaimResult | LockResult> =>
        client[verb](key, { ttlSec, wait, keep: false })
      await printLease(given, (await signedIn(given, take)).answer)
    },
  })
}

export function releaseCommand(verb: 'release' | 'unlock') {
  const { description, example } = NOUNS[verb === 'release' ? 'claim' : 'lock']
  return command({
    args: { ...agentArguments, ...keyArgument(description) },
    examples: [[`arc ${verb} --agent me ${example}`, 'others may have it now']],
    async run(given) {
      const key = keyFrom(given.key, verb === 'unlock')
      await signedIn(given, (client) => client[verb](key))
      await showFacts(given, { released: key })
    },
  })
}
