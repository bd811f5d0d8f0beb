// One form for paths and globs, so that agents that write one in different ways mean the same lock.

import t from 'tap'
import { plainGlob, plainPath } from '../../src/sdk/paths.js'

t.test('a path has one form', (t) => {
  const forms: [given: string, plain: string][] = [
    ['src/a.ts', 'src/a.ts'],
    ['./src/a.ts', 'src/a.ts'],
    ['././src/./a.ts', 'src/a.ts'],
    ['src//a.ts', 'src/a.ts'],
    ['src\\lib\\a.ts', 'src/lib/a.ts'],
    ['src/', 'src'],
    [' src/a.ts ', 'src/a.ts'],
    ['/abs//a', '/abs/a'],
    ['../a', '../a'],
    ['.hidden', '.hidden'],
    ['cafe\u0301', 'caf\u00e9'],
    ['.', '.'],
    ['/', '/'],
    ['', ''],
  ]
  for (const [given, plain] of forms) t.equal(plainPath(given), plain, JSON.stringify(given))
  t.end()
})

t.test('a glob has one form, and keeps what it escapes', (t) => {
  const forms: [given: string, plain: string][] = [
    ['./src//**', 'src/**'],
    ['app/\\[slug\\]/*', 'app/\\[slug\\]/*'],
    ['src/', 'src/'],
    ['!src', '!src'],
    ['cafe\u0301/*', 'caf\u00e9/*'],
  ]
  for (const [given, plain] of forms) t.equal(plainGlob(given), plain, given)
  t.end()
})
