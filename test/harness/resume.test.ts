// A session whose model has lost its context: the hook tells it at its start what its agent has to know.

import t from 'tap'
import { ArcClient } from '../../src/sdk/index.js'
import { startTestHub } from '../support/hub.js'
import { HookSession } from './hook-session.js'

const hub = await startTestHub(t)
const alice = await ArcClient.quickstart('alice', { baseUrl: hub.url })
t.teardown(() => alice.close())

t.test('a session that lost its context is told what its agent has to know', async (t) => {
  const session = new HookSession(t, hub.url, 'claude')
  t.notMatch(await session.told(t, 'start', { source: 'startup' }), /as before/)
  const bob = await ArcClient.quickstart(session.agentId, { baseUrl: hub.url, reuse: true })
  t.teardown(() => bob.close())
  await bob.claim('the-parser')
  await bob.lock('src/parser.ts')
  await alice.post('Mend the parser.', { kind: 'task', to: session.agentId })
  await session.told(t, 'tool')
  await alice.post('We keep the old grammar.', { metadata: { decision: true } })
  await alice.post('Lunch?')
  await session.told(t, 'tool')
  await alice.dm(session.agentId, 'are you there')
  for (const source of ['compact', 'resume']) {
    const text = (await session.told(t, 'start', { source })) ?? ''
    t.match(text, new RegExp(`this session is agent ${session.agentId} `))
    const [, resumed = ''] = /(Arc: you are agent[\s\S]*?)(\nArc: 1 message |$)/.exec(text) ?? []
    for (const part of [
      /- claim the-parser until/,
      /- lock src\/parser\.ts until/,
      /open, from alice.*:\n\| Mend/,
    ])
      t.match(resumed, part, source)
    t.match(resumed, /Decided last:\n#[0-9]+ alice in general, .*:\n\| We keep the old grammar\./)
    t.notMatch(resumed, 'Lunch')
    t.equal(/\| are you there/.test(text), source === 'compact', 'what is unread follows, once')
  }
})
