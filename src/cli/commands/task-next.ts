// `arc task next`: takes the next task, claimed for the agent (PROTOCOL §20), and shows what is to be done.

import type { Message, Task } from '../../protocol/objects.js'
import type { ArcClient } from '../../sdk/client.js'
import { agentArguments, SHELL_TTL_SEC, signIn } from '../agent-arguments.js'
import { seconds, text } from '../arguments.js'
import { command } from '../command.js'
import { findMessage } from '../feed.js'
import { leaseArguments, leaseTtl } from '../leases.js'
import { ExitStatus, LATE_STATUS, say, show } from '../output.js'
import { ifSupported } from '../unsupported.js'

/** A task that the agent has now. The fence is that of its claim; a hub of version 1 has none. */
interface Taken {
  readonly task: Task
  readonly fence?: number
  readonly message?: Message
}

export default command({
  args: {
    ...agentArguments,
    channel: { type: 'string', description: 'Only tasks of this channel', valueHint: 'name' },
    'thread-id': { type: 'string', description: 'Only tasks of this thread', valueHint: 'id' },
    wait: { type: 'string', description: 'Seconds to wait for one (default 0)', valueHint: 'sec' },
    ...leaseArguments,
  },
  examples: [
    ['arc task next --agent me', `the oldest free task; ${LATE_STATUS} if there is none`],
    ['arc task next --agent me --wait 60', 'waits a minute for one'],
    ['arc task done --agent me 7', 'when it is done'],
  ],
  async run(given) {
    const filter = {
      channel: text(given.channel, 'channel'),
      threadId: text(given['thread-id'], 'thread-id'),
    }
    const wait = seconds(given.wait, 'wait')
    const ttlSec = leaseTtl(given)
    const client = await signIn(given)
    const answer = await ifSupported(client.nextTask({ ...filter, wait, ttlSec, keep: false }))
    const taken: Taken | null = answer ? answer.result : await takeOne(client, filter)
    if (!taken) throw new ExitStatus(LATE_STATUS)
    const message = await findMessage(client, taken.task.task_id)
    await show(given, { ...taken, ...(message && { message }) }, (texts, { task }) =>
      message ? texts.message(message) : texts.tasks([task]),
    )
  },
})

/** At a hub of version 1: the oldest open task whose claim can be had. */
async function takeOne(
  client: ArcClient,
  filter: { channel: string | undefined; threadId: string | undefined },
): Promise<Taken | null> {
  say(
    'arc: this hub speaks version 1: arc task next claims the oldest open task that is free, and does not wait',
  )
  for (const task of await client.listTasks({ ...filter, status: 'open' })) {
    const { acquired } = await client.claim(task.task_id, { ttlSec: SHELL_TTL_SEC, keep: false })
    if (acquired) return { task }
  }
  return null
}
