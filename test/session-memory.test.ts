// What hooks remember of a session, by its id: whatever the id is, it has a file of its own, in the user's folder.

import { readdirSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import t from 'tap'
import { FACTS } from '../src/harness/places.js'
import { recall, remember, stateFolder } from '../src/session-memory.js'
import { ownFolder } from './support/folder.js'

t.test('every session has a memory of its own', async (t) => {
  const folder = ownFolder(t)
  const before = process.env.XDG_STATE_HOME
  process.env.XDG_STATE_HOME = folder
  t.teardown(() => {
    if (before === undefined) delete process.env.XDG_STATE_HOME
    else process.env.XDG_STATE_HOME = before
  })
  const long = 'x'.repeat(5_000)
  const sessions = [
    '4154762d-5c00-4c41-a6b5-6840548b2a83',
    'ses_de5054ce3ffetn2zuQCprnhRvg',
    'SES_de5054ce3ffetn2zuqcprnhrvg',
    '/home/me/project',
    '/home/me_project',
    '../../escape',
    '7 42 /home/me/Ünïcode 🙂',
    '.',
    long,
    `${long}y`,
    `y${long}`,
  ]
  for (const [i, session] of sessions.entries())
    remember('claude', session, { agentId: `agent-${i}`, sessionId: '', stopsHeld: 0 })
  for (const [i, session] of sessions.entries()) t.equal(recall('claude', session)?.agentId, `agent-${i}`)
  t.equal(recall('codex', sessions[0] as string), undefined)
  const files = readdirSync(join(folder, 'arc/sessions'))
  t.equal(new Set(files.map((name) => name.toLowerCase())).size, sessions.length, 'where case does not count')
  t.strictSame(readdirSync(folder), ['arc'])
})

t.test('a folder that is set to nothing is not set', async (t) => {
  const { XDG_STATE_HOME: before } = process.env
  process.env.XDG_STATE_HOME = ''
  t.teardown(() => {
    if (before === undefined) delete process.env.XDG_STATE_HOME
    else process.env.XDG_STATE_HOME = before
  })
  t.ok(isAbsolute(stateFolder()))
  t.ok(isAbsolute(FACTS.opencode.home()))
})
