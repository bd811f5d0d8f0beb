// `arc wait`: ends when something for the agent is there, and reads nothing of it. `arc poll` then prints it.

import type { Mailbox, Message } from '../../protocol/objects.js'
import type { ArcClient } from '../../sdk/client.js'
import { agentArguments, patient, signIn } from '../agent-arguments.js'
import { seconds } from '../arguments.js'
import { command } from '../command.js'
import { ExitStatus, LATE_STATUS, say, showFacts } from '../output.js'
import { ifSupported } from '../unsupported.js'

const LONG_POLL_SEC = 30

export default command({
  args: {
    ...agentArguments,
    timeout: { type: 'string', description: 'Seconds to wait at most (default: no limit)', valueHint: 'sec' },
    any: { type: 'boolean', description: 'Also for what others say to everyone' },
  },
  examples: [
    ['arc wait --agent me', 'until somebody needs me'],
    ['arc wait --agent me --timeout 60', `ends with ${LATE_STATUS} if nothing came`],
    ['arc wait --agent me && arc poll --agent me', 'and then read it'],
  ],
  async run(given) {
    const timeoutSec = seconds(given.timeout, 'timeout') ?? Number.POSITIVE_INFINITY
    const isAny = given.any === true
    await signIn(given)
    const client = patient(given)
    const deadline = performance.now() + timeoutSec * 1_000
    // First where the feed ends, then what is unread: nothing falls in between.
    let { latest_visible_id: sinceId } = await client.bootstrap()
    const hasMailbox = await ifSupported(client.mailbox())
    if (!hasMailbox) say('arc: this hub keeps no mailboxes: only what comes from now on counts')
    for (let rows: readonly Message[] = []; ; ) {
      const found = hasMailbox
        ? await unread(client, isAny)
        : rows.find(({ to_agent }) => isAny || to_agent === client.agentId)
      if (found) return showFacts(given, found)
      const leftSec = (deadline - performance.now()) / 1_000
      if (leftSec <= 0) throw new ExitStatus(LATE_STATUS)
      const timeout = Math.min(leftSec, LONG_POLL_SEC)
      if (hasMailbox && !isAny && (await ifSupported(client.wake(undefined, { timeout })))) continue
      rows = await client.poll({ sinceId, timeout, limit: 500 })
      sinceId = rows.at(-1)?.id ?? sinceId
    }
  },
})

/** The mailbox, if something in it is worth to wake for. What needs no reply, or is held, is not. */
async function unread(client: ArcClient, isAny: boolean): Promise<Mailbox | undefined> {
  const mailbox = await client.mailbox()
  if (isAny && mailbox.unread + mailbox.ambient_unread > 0) return mailbox
  if (mailbox.unread === 0) return undefined
  const answer = await ifSupported(client.wake())
  return answer === undefined || answer.result.wake ? mailbox : undefined
}
