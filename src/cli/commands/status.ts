// `arc status`: shows which hub runs where.

import { existsSync } from 'node:fs'
import { defineCommand } from 'citty'
import { logFileOf } from '../../sdk/pid-file.js'
import { checkCommandLine } from '../command-line.js'
import { wantedArguments, wantedFrom } from '../hub-arguments.js'
import { isAnotherProjects, othersRoom } from '../other-project.js'
import { ExitStatus, printJson, say } from '../output.js'
import { findRunningHub, wantedUrl, whyNoHub } from '../running-hub.js'

export default defineCommand({
  meta: { name: 'status', description: 'Show which hub runs where: instance, uptime, counts' },
  args: wantedArguments,
  async run({ args, rawArgs }) {
    checkCommandLine(rawArgs, wantedArguments)
    const wanted = wantedFrom(args)
    const { hub, atAddress } = await findRunningHub(wanted)
    if (!hub) {
      printJson({ running: false, url: wantedUrl(wanted), error: whyNoHub(wantedUrl(wanted), atAddress) })
      throw new ExitStatus(1)
    }
    const { info, status } = hub.probe
    const logFile = logFileOf(info.storage_path)
    printJson({
      running: true,
      url: hub.url,
      implementation: info.implementation,
      instance_id: info.instance_id,
      storage_path: info.storage_path,
      ...status,
      ...(hub.pidFile && { pid_file: hub.pidFile.path }),
      ...(existsSync(logFile) && { log_file: logFile }),
    })
    if (isAnotherProjects(hub, wanted)) say(othersRoom(hub))
    if (status?.storage_problem) say(`arc: ${status.storage_problem}`)
  },
})
