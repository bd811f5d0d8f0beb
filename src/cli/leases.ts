// The commands that take and release claims and locks.

import { type ArgsDef, defineCommand } from 'citty'
import { LEASE_TTL_SEC } from '../protocol/limits.js'
import type { ClaimResult, LockResult } from '../sdk/options.js'
import { agentArguments, SHELL_TTL_SEC, signIn } from './agent-arguments.js'
import { requiredPositional, wholeNumber } from './arguments.js'
import { checkCommandLine } from './command-line.js'
import { ExitStatus, printJson, say } from './output.js'

const leaseArguments = {
  'ttl-sec': {
    type: 'string',
    description: `Seconds that it lasts (default ${SHELL_TTL_SEC})`,
    valueHint: 'sec',
  },
} as const satisfies ArgsDef

function leaseTtl(given: Readonly<Record<string, unknown>>): number {
  return wholeNumber(given['ttl-sec'], 'ttl-sec', LEASE_TTL_SEC.min, LEASE_TTL_SEC.max) ?? SHELL_TTL_SEC
}

/** @throws ExitStatus 1 if another agent has it */
function printLease(result: ClaimResult | LockResult): void {
  printJson(result)
  if (result.acquired) return
  const [key, holder, { expires_at }] =
    'lock' in result
      ? [result.lock.file_path, result.lock.agent_id, result.lock]
      : [result.claim.claim_key, result.claim.owner_agent_id, result.claim]
  say(`${holder} has ${key} until ${expires_at} at the latest; ask for it: arc post --to ${holder} …`)
  throw new ExitStatus(1)
}

const keyArgument = (description: string) =>
  ({ key: { type: 'positional', required: false, description } }) as const satisfies ArgsDef

export function takeCommand(verb: 'claim' | 'lock', noun: string, key: string) {
  const args = { ...agentArguments, ...leaseArguments, ...keyArgument(key) }
  return defineCommand({
    meta: { name: verb, description: `Take a ${noun}; exits 1 if another agent has it` },
    args,
    async run({ args: given, rawArgs }) {
      checkCommandLine(rawArgs, args)
      const key = requiredPositional(given.key, 'KEY')
      const ttlSec = leaseTtl(given)
      const client = await signIn(given)
      printLease(await client[verb](key, { ttlSec, keep: false }))
    },
  })
}

export function releaseCommand(verb: 'release' | 'unlock', noun: string, key: string) {
  const args = { ...agentArguments, ...keyArgument(key) }
  return defineCommand({
    meta: { name: verb, description: `Release a ${noun} that the agent holds` },
    args,
    async run({ args: given, rawArgs }) {
      checkCommandLine(rawArgs, args)
      const key = requiredPositional(given.key, 'KEY')
      const client = await signIn(given)
      await client[verb](key)
      printJson({ released: key })
    },
  })
}
