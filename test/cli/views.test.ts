// Who looks and who acts (PROTOCOL §12): a command that only looks needs no agent and signs nobody in; the others act as the
// agent that the command line names, or else ARC_AGENT.

import t from 'tap'
import { json, jsonLines, Place } from '../support/arc-process.js'

const VIEWS = [
  ['agents'],
  ['agent', 'alice'],
  ['channels'],
  ['holds'],
  ['tasks'],
  ['thread', 'parser'],
  ['message', '1'],
  ['receipts', '2'],
  ['undelivered'],
  ['tail'],
]

t.test('a person looks at the room without a name, and nobody is signed in by that', async (t) => {
  const place = new Place(t)
  await place.ensure(['--port', '0'])
  await place.arc(['post', '--agent', 'alice', '--thread-id', 'parser', 'to all'])
  await place.arc(['post', '--agent', 'alice', '--to', 'bob', 'to bob alone'])
  for (const view of VIEWS) {
    const { status, stderr } = await place.arc(view)
    t.match({ status, stderr }, { status: 0, stderr: '' }, view.join(' '))
  }
  const names = jsonLines(await place.arc(['agents'])).map((row) => (row as { agent_id: string }).agent_id)
  t.strictSame(names, ['alice'])
  const said = (await place.arc(['tail'])).stdout
  t.match(said, /to all/)
  t.notMatch(said, /to bob alone/)
  t.match((await place.arc(['undelivered'])).stdout, /"agent_id":"bob"/, 'of all senders')
})

t.test('ARC_AGENT names the agent of a command that acts; --agent comes first', async (t) => {
  const place = new Place(t)
  await place.ensure(['--port', '0'])
  const env = { ARC_AGENT: 'bob' }
  t.match(json(await place.arc(['post', 'hello'], { env })), { from_agent: 'bob' })
  t.match(json(await place.arc(['post', '--agent', 'carol', 'hello'], { env })), {
    from_agent: 'carol',
  })
  t.match((await place.arc(['prompt'], { env })).stdout, /--agent bob/)
  const { status, stderr } = await place.arc(['post', 'hello'], { env: { ARC_AGENT: ' ' } })
  t.equal(status, 2)
  t.match(stderr, /--agent is required, or ARC_AGENT/)
})
