// `arc status`: shows which hub runs where.

import { existsSync } from 'node:fs'
import type { HubStatus } from '../../protocol/objects.js'
import { logFileOf } from '../../sdk/pid-file.js'
import { command } from '../command.js'
import { wantedArguments, wantedFrom } from '../hub-arguments.js'
import { findMeantHub, isAnotherProjects, othersRoom } from '../other-project.js'
import { ExitStatus, say, showFacts } from '../output.js'
import { wantedUrl } from '../running-hub.js'

export default command({
  args: wantedArguments,
  examples: [['arc status', 'which hub do commands here talk to?']],
  async run(given) {
    const wanted = wantedFrom(given)
    const found = await findMeantHub(wanted)
    if (!found.hub) {
      await showFacts(given, { running: false, url: wantedUrl(wanted), error: found.error })
      throw new ExitStatus(1)
    }
    const { hub } = found
    const { info, status } = hub.probe
    const logFile = logFileOf(info.storage_path)
    await showFacts(given, {
      running: true,
      url: hub.url,
      implementation: info.implementation,
      instance_id: info.instance_id,
      storage_path: info.storage_path,
      ...status,
      ...(hub.pidFile && { pid_file: hub.pidFile.path }),
      ...(existsSync(logFile) && { log_file: logFile }),
    })
    if (isAnotherProjects(hub, wanted)) say(...othersRoom(hub))
    if (status?.storage_problem) say(`arc: ${status.storage_problem}`)
    else if (status?.storage_silent_sec) say(`arc: ${silenceOf(status)}`)
  },
})

function silenceOf({ storage_path: path, storage_silent_sec: seconds }: HubStatus): string {
  return `the storage ${path} has not answered for ${seconds} s: the hub refuses writes until it does, and counts are old`
}
