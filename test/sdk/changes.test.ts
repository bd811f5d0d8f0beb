// `client.changes()`: hints at what has changed besides messages, over restarts, and where there is no stream.

import { CHANGE_TOPICS, type ChangeTopic } from '../../src/protocol/kinds.js'
import { until } from '../support/waiting.js'
import { http } from './http-way.js'
import { relay } from './relay-way.js'
import { testsOver } from './room.js'

testsOver(http).test('changes hints at what changes, and at everything after a restart', async (t, room) => {
  const [me, other] = [room.agent('me'), room.agent('other', { retryFor: 30 })]
  const seen: ChangeTopic[] = []
  const reading = (async () => {
    for await (const topics of me.changes()) seen.push(...topics)
  })()
  await room.waiting(1)
  await other.lock('a.ts')
  await until('the hint', () => seen.includes('locks'))
  await other.post('a message is no change')
  await room.restart('same')
  await until('all hints', () => CHANGE_TOPICS.every((topic) => seen.includes(topic)))
  seen.length = 0
  await until('a hint after the restart', async () => {
    await other.claim(`key ${seen.length}`)
    return seen.includes('claims')
  })
  await me.close()
  await reading
  t.pass('the iteration ends with its client')
})

testsOver(relay).test('changes needs a connection', async (t, room) => {
  await t.rejects(room.agent('me').changes().next(), {
    code: 'invalid_request',
    message: /needs a connection/,
  })
})
