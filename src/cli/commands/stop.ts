// `arc stop`: stops the hub and waits until it is gone.

import { defineCommand } from 'citty'
import { UsageError } from '../arguments.js'
import { checkCommandLine } from '../command-line.js'
import { wantedArguments, wantedFrom } from '../hub-arguments.js'
import { ExitStatus, printJson, USAGE_STATUS } from '../output.js'
import { stopHub } from '../stopping.js'

export default defineCommand({
  meta: { name: 'stop', description: 'Stop the hub and wait until it is gone' },
  args: wantedArguments,
  async run({ args, rawArgs }) {
    checkCommandLine(rawArgs, wantedArguments)
    try {
      const { pid, url } = await stopHub(wantedFrom(args))
      printJson({ stopped: true, pid, url })
    } catch (error) {
      printJson({ stopped: false, error: (error as Error).message })
      throw new ExitStatus(error instanceof UsageError ? USAGE_STATUS : 1)
    }
  },
})
