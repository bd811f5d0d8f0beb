// `arc claim`: takes a claim, or says who has it.

import { defineCommand } from 'citty'
import { agentArguments, signIn } from '../agent-arguments.js'
import { requiredPositional } from '../arguments.js'
import { checkCommandLine } from '../command-line.js'
import { leaseArguments, leaseTtl, printLease } from '../leases.js'

const args = {
  ...agentArguments,
  ...leaseArguments,
  key: { type: 'positional', required: false, description: 'The key, such as task-7' },
} as const

export default defineCommand({
  meta: { name: 'claim', description: 'Take a claim; exits 1 if another agent has it' },
  args,
  async run({ args: given, rawArgs }) {
    checkCommandLine(rawArgs, args)
    const key = requiredPositional(given.key, 'KEY')
    const ttlSec = leaseTtl(given)
    const client = await signIn(given)
    printLease(await client.claim(key, { ttlSec, keep: false }))
  },
})
