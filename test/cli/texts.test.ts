// Results as text: on a terminal without being asked, in columns, in colour unless NO_COLOR says otherwise; and nothing that an
// agent wrote reaches the terminal as a command to it.

import { spawnSync } from 'node:child_process'
import t from 'tap'
import { message, table, time, visible, wholeMessage } from '../../src/cli/texts.js'
import { PROGRAM } from '../../src/package.js'
import { json, Place } from '../support/arc-process.js'

const MESSAGE = {
  ...{ id: 1, ts: '2026-01-01T00:00:00Z', from_agent: 'a', to_agent: null, channel: 'general', kind: 'chat' },
  ...{ body: 'hello', attachments: [], reply_to: null, thread_id: null, metadata: {} },
}

t.test('columns are as wide as what is in them, and an empty one is left out', async (t) => {
  const rows = [
    ['a', '', 12],
    ['日本', null, 'e\u0301x'],
  ]
  t.equal(table(['NAME', 'NONE', 'N'], rows, 'nothing'), 'NAME  N\na     12\n日本  e\u0301x\n')
  t.equal(table(['NAME'], [], 'nothing is here'), 'nothing is here\n')
  t.equal(table(['A'], [['two\nlines']], ''), 'A\ntwo lines\n')
})

t.test('control characters and turned texts are shown as escapes', async (t) => {
  t.equal(visible('a\u001b[2Jb\u0007\u009b\u202ec'), 'a\\x1b[2Jb\\x07\\x9b\\u202ec')
  t.equal(visible('tab\tand\nline'), 'tab\tand\nline')
})

t.test('no name forges a line of ours', async (t) => {
  const forged = { ...MESSAGE, from_agent: 'evil\n99  12:00:00  alice in general', thread_id: 'x\n100  y' }
  t.equal(message(forged).split('\n').length, 3, 'a line about it, its text, and the end')
  t.equal(message(forged).split('\n')[1], '    hello')
})

t.test('a whole message has the texts of its attachments', async (t) => {
  const attachments = [{ type: 'text', content: 'all pass' }] as const
  t.match(
    wholeMessage({ ...MESSAGE, attachments: [...attachments] }),
    /\+ text \(8 characters\)\n\nall pass\n$/,
  )
})

t.test('a time has its date unless it is today', async (t) => {
  const now = new Date(2026, 0, 31, 12, 0, 5)
  t.equal(time(now.toISOString(), now), '12:00:05')
  t.equal(time(new Date(2026, 0, 30, 9, 8, 7).toISOString(), now), '2026-01-30 09:08:07')
  t.equal(time(null), '')
})

const needsScript = spawnSync('script', ['--version']).error ? 'needs script, to have a terminal' : false

t.test('a terminal gets text, a pipe gets JSON, and each on request', { skip: needsScript }, async (t) => {
  const place = new Place(t)
  await place.ensure(['--port', '0', '--no-relay'])
  const command = `${process.execPath} ${PROGRAM} agents --agent me`
  const atTerminal = (options = '', env: Record<string, string> = {}) =>
    place.arc([], {
      prefix: ['sh', '-c', `exec script -qec "${command}${options}" /dev/null`],
      env: { TERM: 'xterm', ...env },
    })
  t.match(json(await place.arc(['agents', '--agent', 'me'])), { agent_id: 'me' })
  t.match((await place.arc(['agents', '--agent', 'me', '--no-json'])).stdout, /^AGENT +REACH.*\nme /)
  t.match((await atTerminal()).stdout, /^.\[1mAGENT +REACH.*\r\nme /)
  t.match((await atTerminal('', { NO_COLOR: '1' })).stdout, /^AGENT +REACH.*\r\nme /)
  t.match((await atTerminal('', { TERM: 'dumb' })).stdout, /^AGENT +REACH/)
  t.match((await atTerminal(' --json')).stdout, /^\{"session_id":/)
})
