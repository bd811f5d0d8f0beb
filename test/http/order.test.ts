// Requests that a client sends together on one connection are carried out in their order: a command registers its agent and asks
// in one go.

import { connect } from 'node:net'
import t from 'tap'
import { HttpConnection } from '../../src/http-exchange.js'
import { ownHub } from '../conformance/target.js'

const ROUNDS = 100

const { hub } = await ownHub(t)

t.test('each request sees what the ones before it on its connection have done', async (t) => {
  for (let i = 0; i < ROUNDS; i++) {
    const socket = connect(hub.port, '127.0.0.1')
    const connection = new HttpConnection(socket, `127.0.0.1:${hub.port}`)
    const ask = async (method: string, path: string, body?: object) => {
      const text = body ? JSON.stringify(body) : null
      const headers = body ? { 'content-type': 'application/json' } : {}
      const answer = await connection.exchange({ method, path, headers, body: text })
      return { status: answer.status, ...JSON.parse(answer.text) }
    }
    const agent = `agent-${i}`
    const [opened, agents, locked, holds, posted, mailbox] = await Promise.all([
      ask('POST', '/v1/sessions', { agent_id: agent, reuse: true, replace: true }),
      ask('GET', '/v1/agents'),
      ask('POST', '/v1/locks', { agent_id: agent, file_path: `${i}.ts` }),
      ask('GET', `/v1/agents/${agent}`),
      ask('POST', '/v1/messages', { from_agent: 'other', to_agent: agent, body: 'hi' }),
      ask('GET', `/v1/mailboxes/${agent}`),
    ])
    socket.destroy()
    const asExpected =
      opened.status === 201 &&
      agents.result.some(({ agent_id }: { agent_id: string }) => agent_id === agent) &&
      locked.acquired &&
      holds.result.locks.length === 1 &&
      posted.status === 201 &&
      mailbox.result.unread === 1
    if (!asExpected) t.fail(`round ${i}`, { opened, agents, locked, holds, posted, mailbox })
  }
  t.pass(`${ROUNDS} rounds`)
})
