// `arc relay`: a stand-alone relay, in the foreground until a signal ends it.

import { resolve } from 'node:path'
import { createLog } from '../../actors/log.js'
import { standardError } from '../../actors/log-sinks.js'
import { makeFolder } from '../../folder.js'
import { ArcError } from '../../protocol/errors.js'
import { DEFAULT_SPOOL } from '../../protocol/relay.js'
import { REQUEST_TIMEOUT_SEC, Relay } from '../../relay/standalone.js'
import { baseUrl, clientArguments } from '../agent-arguments.js'
import { positiveSeconds, text } from '../arguments.js'
import { silentCommand } from '../command.js'
import { forPeople } from '../log-lines.js'
import { ExitStatus, serving } from '../output.js'

const args = {
  ...clientArguments,
  'spool-dir': {
    type: 'string',
    description: `The folder to serve; made if it is missing (default ${DEFAULT_SPOOL})`,
    valueHint: 'folder',
  },
  'poll-interval-sec': {
    type: 'string',
    description: 'Seconds between looks where the file system tells of no changes (default 1.5)',
    valueHint: 'sec',
  },
  'request-timeout-sec': {
    type: 'string',
    description: `Seconds for the hub's answer, beyond a long-poll's own (default ${REQUEST_TIMEOUT_SEC})`,
    valueHint: 'sec',
  },
} as const

export default silentCommand({
  args,
  examples: [['arc relay --base-url http://10.0.0.5:6969', 'serve .arc-relay here for a hub elsewhere']],
  async run(given) {
    serving()
    const log = createLog('info', standardError(forPeople))
    let end: (status: number) => void = () => {}
    const ended = new Promise<number>((resolve) => {
      end = resolve
    })
    const spoolDir = resolve(text(given['spool-dir'], 'spool-dir') ?? DEFAULT_SPOOL)
    const url = baseUrl(given)
    const relay = new Relay({
      baseUrl: url,
      spoolDir,
      requestTimeoutSec: positiveSeconds(given['request-timeout-sec'], 'request-timeout-sec'),
      pollIntervalSec: positiveSeconds(given['poll-interval-sec'], 'poll-interval-sec'),
      log: (level, message) => log(level, message, { actor: 'relay' }),
      onFailure: (error) => {
        log('error', `the relay ends: ${error.stack}`, { actor: 'relay' })
        end(1)
      },
    })
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => end(0))
    start(relay, spoolDir)
    log('info', `serves ${spoolDir} in front of ${url}`, { actor: 'relay' })
    const status = await ended
    await relay.stop()
    throw new ExitStatus(status)
  },
})

function start(relay: Relay, spoolDir: string): void {
  try {
    makeFolder(spoolDir)
    relay.start()
  } catch (error) {
    const text = `the spool ${spoolDir} can't be used (${(error as Error).message}); choose another folder with --spool-dir`
    throw new ArcError('spool_unusable', text, { cause: error })
  }
}
