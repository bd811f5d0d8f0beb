// Bodies: fences of code, inline code, and the beginning of what is long.

import t from 'tap'
import { blocksOf, headOf, spansOf } from '../../src/dashboard/model/body.js'

t.test('text and fenced code are told apart, in order', async (t) => {
  t.same(blocksOf('before\n\n```ts\nconst x = 1\n\n# no\n```\nafter'), [
    { type: 'text', text: 'before' },
    { type: 'code', text: 'const x = 1\n\n# no', language: 'ts' },
    { type: 'text', text: 'after' },
  ])
  t.same(blocksOf(''), [])
  t.same(blocksOf('a ``` b'), [{ type: 'text', text: 'a ``` b' }])
})

t.test('a fence that is never closed reaches to the end; a longer one holds a shorter one', async (t) => {
  t.same(blocksOf('```\na\nb'), [{ type: 'code', text: 'a\nb', language: '' }])
  t.same(blocksOf('````\n```\nx\n```\n````'), [{ type: 'code', text: '```\nx\n```', language: '' }])
})

t.test('inline code', async (t) => {
  t.same(spansOf('a `b` c'), [
    { code: false, text: 'a ' },
    { code: true, text: 'b' },
    { code: false, text: ' c' },
  ])
  t.same(spansOf('`` and'), [{ code: false, text: '`` and' }])
})

t.test('only what is long has a head', async (t) => {
  t.equal(headOf('a\nb', 10, 3), undefined)
  t.equal(headOf('a\nb\nc\nd', 100, 2), 'a\nb')
  t.equal(headOf('x'.repeat(11), 10, 3), 'x'.repeat(10))
  t.equal(headOf('', 10, 3), undefined)
  t.equal(headOf(`a${'😀'.repeat(9)}`, 10, 3), `a${'😀'.repeat(4)}`, 'no character is cut in two')
})
