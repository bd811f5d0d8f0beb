// `arc stop`: stops the hub and waits until it is gone.

import { UsageError } from '../arguments.js'
import { command } from '../command.js'
import { wantedArguments, wantedFrom } from '../hub-arguments.js'
import { ExitStatus, showFacts, USAGE_STATUS } from '../output.js'
import { stopHub } from '../stopping.js'

export default command({
  args: wantedArguments,
  examples: [['arc stop', 'stop the hub that commands here talk to']],
  async run(given) {
    try {
      const { pid, url } = await stopHub(wantedFrom(given))
      await showFacts(given, { stopped: true, pid, url })
    } catch (error) {
      await showFacts(given, { stopped: false, error: (error as Error).message })
      throw new ExitStatus(error instanceof UsageError ? USAGE_STATUS : 1)
    }
  },
})
