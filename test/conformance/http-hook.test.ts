// PROTOCOL §18, a hook that a program calls by HTTP itself: it hands over what the agent was not shown, and only the session's
// next call says `shown`.

import t from 'tap'
import type { Receipt } from '../../src/protocol/objects.js'
import { join, say, unique } from './steps.js'
import { needsOwnHub, ownHub, type Target } from './target.js'

if (needsOwnHub) {
  t.plan(0, needsOwnHub)
  process.exit()
}

t.jobs = 8
const hub: Target = await ownHub(t)

async function session(): Promise<{
  agent: string
  call: (event: string, more?: object) => Promise<string | undefined>
  send: (body: string) => Promise<number>
}> {
  const [agent, id, sender] = [unique('agent'), unique('session'), unique('sender')]
  await join(hub, agent)
  return {
    agent,
    /** The text for the model; undefined if there is none. */
    call: async (event, more = {}) => {
      const payload = { session_id: id, hook_event_name: event, cwd: '/', ...more }
      const { status, text } = await hub.post(`/v1/hooks/claude/${agent}`, payload)
      t.equal(status, 200)
      const { hookSpecificOutput: output, ...others } = JSON.parse(text)
      t.strictSame(others, {})
      if (output) t.equal(output.hookEventName, event)
      return output?.additionalContext
    },
    send: async (body) => (await say(hub, { from_agent: sender, to_agent: agent, body })).id,
  }
}

const receipt = async (id: number) => (await hub.get<Receipt[]>(`/v1/messages/${id}/receipts`)).result[0]

t.test('§18 what a call hands over is shown with the next call of the session', async (t) => {
  const { call, send } = await session()
  t.equal(await call('UserPromptSubmit'), undefined)
  const first = await send('first')
  t.match(await call('PostToolBatch'), /\| first/)
  t.match(await receipt(first), { state: 'offered' })
  t.equal(await call('PostToolBatch'), undefined, 'once')
  t.match(await receipt(first), { state: 'shown', via: 'claude tool' })
  const second = await send('second')
  t.match(await call('UserPromptSubmit'), /\| second/)
  await call('Stop')
  t.match(await receipt(second), { state: 'shown', via: 'claude prompt' })
})

t.test('§18 a stop is held for what wants a reply, and is shown if the turn went on', async (t) => {
  const { call, send } = await session()
  const first = await send('hold')
  t.match(await call('Stop', { stop_hook_active: false }), /\| hold/)
  t.equal(await call('Stop', { stop_hook_active: true }), undefined, 'held once')
  t.match(await receipt(first), { state: 'shown', via: 'claude stop' })

  const lost = await send('lost at the cap')
  t.match(await call('Stop', { stop_hook_active: false }), /lost at the cap/)
  t.match(await call('UserPromptSubmit', { prompt: 'go on' }), /handed over before:\n\| lost at the cap/)
  await call('PostToolBatch')
  t.match(await receipt(lost), { state: 'shown', via: 'claude prompt', offers: 2 })
})

t.test('§18 at most three stops in a row are held', async (t) => {
  const { call, send } = await session()
  for (let i = 1; i <= 5; i++) {
    await send(`again ${i}`)
    const text = await call('Stop', { stop_hook_active: i > 1 })
    t.equal(text !== undefined, i <= 3, `stop ${i}`)
  }
  t.match(await call('UserPromptSubmit'), /again 4[\s\S]*again 5/)
})

t.test(
  '§18 subagents, other programs and other events are told nothing; two sessions never the same',
  async (t) => {
    const { agent, call, send } = await session()
    await send('for one of you')
    t.equal(await call('PostToolBatch', { agent_id: 'sub' }), undefined)
    t.equal(await call('PostToolBatch', { cursor_version: '3.1' }), undefined)
    t.equal(await call('PostToolBatch', { sessionId: 's', hookEventName: 'PostToolBatch' }), undefined)
    t.equal(await call('SubagentStop'), undefined)
    const other = (event: string) =>
      hub.post(`/v1/hooks/claude/${agent}`, { session_id: 'another', hook_event_name: event })
    const texts = await Promise.all([call('PostToolBatch'), other('PostToolBatch').then(({ text }) => text)])
    t.equal(texts.filter((text) => text?.includes('for one of you')).length, 1)
  },
)

t.test('§18 it is guarded and checked as every route', async (t) => {
  const { agent } = await session()
  const path = `/v1/hooks/claude/${agent}`
  const payload = { session_id: 's', hook_event_name: 'Stop' }
  const foreign = await hub.call('POST', path, payload, { origin: 'http://elsewhere.example' })
  t.equal(foreign.status, 403)
  t.equal((await hub.post('/v1/hooks/claude', payload)).status, 404)
  t.equal((await hub.post(path, {})).status, 400)
  t.equal((await hub.post(`/v1/hooks/emacs/${agent}`, payload)).status, 404)
})
