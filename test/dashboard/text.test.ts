// Text of strangers: hidden characters become marks, everything else stays as it is.

import t from 'tap'
import { matchesOf, piecesOf, plain } from '../../src/dashboard/model/text.js'

t.test('plain text is one piece, markup included', async (t) => {
  t.same(piecesOf('<b>&amp;</b> "x"'), ['<b>&amp;</b> "x"'])
  t.same(piecesOf(''), [])
})

t.test('control and direction characters become marks that say what they are', async (t) => {
  t.same(piecesOf('a\u202eb\u0007'), [
    'a',
    { mark: 'U+202E', name: 'U+202E right-to-left override' },
    'b',
    { mark: '\u2407', name: 'U+0007 hidden character' },
  ])
  t.equal(plain('x\u0000\u007f\u2066y'), 'x\u2400\u2421U+2066y')
  t.equal(plain('\ud800z'), 'U+D800z', 'a lone surrogate')
  t.equal(plain('\u{e0041}z'), 'U+E0041z', 'a tag character, which is two code units')
})

t.test('no hidden character is left in a name, whatever it is', async (t) => {
  const all = Array.from({ length: 0x3000 }, (_, code) => String.fromCharCode(code)).join('')
  const shown = plain(all, all.length)
  t.match(shown.match(/[\p{Cc}\p{Zl}\p{Zp}]/u), null)
  t.same(shown.match(/\p{Cf}/gu), ['\u200c', '\u200d'], 'but for the joiners of emoji and scripts')
})

t.test('a body keeps its lines and tabs; a name shows them', async (t) => {
  t.same(piecesOf('a\n\tb', { lines: true }), ['a\n\tb'])
  t.same(piecesOf('a\r\nb', { lines: true }), ['a', '\nb'])
  t.equal(plain('a\nb'), 'a\u240ab')
})

t.test('what is looked for is found wherever it stands, whatever its case', async (t) => {
  t.same(matchesOf('Foo and foo', 'foo'), [
    [0, 3],
    [8, 11],
  ])
  t.same(matchesOf('aaa', 'aa'), [[0, 2]])
  t.same(matchesOf('x', ''), [])
  t.same(matchesOf('\u0130x', 'x'), [], 'none rather than wrong ones, where lower case is longer')
})
