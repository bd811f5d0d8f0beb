// The lines that the operator types.

import t from 'tap'
import { COMMANDS, readLine, suggestions } from '../../src/dashboard/model/commands.js'

t.test('what does not begin with a slash is text, trimmed', async (t) => {
  t.same(readLine('  hello /nick  '), { kind: 'text', text: 'hello /nick' })
  t.same(readLine('//etc is a path'), { kind: 'text', text: '/etc is a path' })
})

t.test('each command', async (t) => {
  t.same(readLine('/nick Ada Lovelace'), { kind: 'nick', name: 'Ada Lovelace' })
  t.same(readLine('/channels'), { kind: 'channels' })
  t.same(readLine('/channel #backend'), { kind: 'channel', name: 'backend' })
  t.same(readLine('/Create-Channel x y'), { kind: 'create-channel', name: 'x y' })
  t.same(readLine('/dm @bob two\nlines'), { kind: 'dm', agent: 'bob', text: 'two\nlines' })
  t.same(readLine('/network ON'), { kind: 'network', allowRemote: true })
  t.same(readLine('/network off'), { kind: 'network', allowRemote: false })
  t.same(readLine('/quit'), { kind: 'quit', delaySec: 60 })
  t.same(readLine('/exit 0'), { kind: 'quit', delaySec: 0 })
  t.same(readLine('/quit 3600'), { kind: 'quit', delaySec: 3_600 })
  t.same(readLine('/help'), { kind: 'help' })
})

t.test('a command that misses something says what', async (t) => {
  for (const [line, reason] of [
    ['/nick', /\/nick NAME/],
    ['/channel ', /\/channel NAME/],
    ['/dm bob', /\/dm AGENT TEXT/],
    ['/network maybe', /on\|off/],
    ['/quit soon', /whole number/],
    ['/quit 3601', /3600/],
    ['/quit -1', /whole number/],
    ['/dance', /no command \/dance/],
    ['/', /no command/],
  ] as const) {
    t.match(readLine(line), { kind: 'wrong', reason }, line)
  }
})

t.test('a half-typed command is completed', async (t) => {
  t.same(
    suggestions('/ch').map(({ name }) => name),
    ['channels', 'channel'],
  )
  t.equal(suggestions('/').length, COMMANDS.length)
  t.same(suggestions('/dm bob'), [])
  t.same(suggestions('text'), [])
})
