// What the commands that take claims and locks share.

import type { ArgsDef } from 'citty'
import { LEASE_TTL_SEC } from '../protocol/limits.js'
import type { ClaimResult, LockResult } from '../sdk/options.js'
import { SHELL_TTL_SEC } from './agent-arguments.js'
import { wholeNumber } from './arguments.js'
import { ExitStatus, printJson, say } from './output.js'

export const leaseArguments = {
  'ttl-sec': {
    type: 'string',
    description: `Seconds that it lasts (default ${SHELL_TTL_SEC})`,
    valueHint: 'sec',
  },
} as const satisfies ArgsDef

export function leaseTtl(given: Readonly<Record<string, unknown>>): number {
  return wholeNumber(given['ttl-sec'], 'ttl-sec', LEASE_TTL_SEC.min, LEASE_TTL_SEC.max) ?? SHELL_TTL_SEC
}

/** @throws ExitStatus 1 if another agent has it */
export function printLease(result: ClaimResult | LockResult): void {
  printJson(result)
  if (result.acquired) return
  const [key, holder, { expires_at }] =
    'lock' in result
      ? [result.lock.file_path, result.lock.agent_id, result.lock]
      : [result.claim.claim_key, result.claim.owner_agent_id, result.claim]
  say(`${holder} has ${key} until ${expires_at} at the latest; ask for it: arc post --to ${holder} …`)
  throw new ExitStatus(1)
}
