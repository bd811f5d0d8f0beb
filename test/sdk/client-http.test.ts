// The client's suite over sockets, and what only sockets have.

import t from 'tap'
import { ArcClient } from '../../src/sdk/index.js'
import { startTestHub } from '../support/hub.js'
import { clientSuite } from './client.suite.js'
import { http } from './http-way.js'

clientSuite(http)

t.test(
  'quickstart registers in place of an earlier session, and polls what its agent was not shown',
  async (t) => {
    const hub = await startTestHub(t)
    const other = new ArcClient('other', { baseUrl: hub.url })
    t.teardown(() => other.close())
    await new ArcClient('me', { baseUrl: hub.url }).register()
    const missed = await other.post('between two sessions')
    const me = await ArcClient.quickstart('me', { baseUrl: hub.url, displayName: 'Me', capabilities: ['x'] })
    t.teardown(() => me.close())
    const { id } = await other.post('after')
    t.match(await me.poll({ timeout: 0 }), [{ id: missed.id }, { id }])
    t.strictSame(await me.poll({ timeout: 0 }), [])
    t.match(await other.listAgents(), [{ agent_id: 'me', display_name: 'Me', capabilities: ['x'] }])
  },
)

t.test('quickstart without a hub rejects with what to do, and leaves nothing open', async (t) => {
  await t.rejects(ArcClient.quickstart('me', { baseUrl: 'http://127.0.0.1:1', retryFor: 0 }), {
    code: 'no_hub',
    message: /connection refused.*arc ensure/,
  })
})
