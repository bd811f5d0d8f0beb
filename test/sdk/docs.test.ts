// docs/SDK.md has every endpoint, with a method or a reason for none, and every method.

import t from 'tap'
import { ArcClient } from '../../src/sdk/index.js'
import { ROUTES } from '../support/route-fields.js'
import { compare, ENDPOINTS, signatures } from './sdk-docs.js'

t.test('every endpoint has a method that there is, or a reason for none', (t) => {
  const routes = ROUTES.map(({ method, path }) => `${method} ${path}`)
  t.strictSame(Object.keys(ENDPOINTS).sort(), routes.sort())
  for (const uses of Object.values(ENDPOINTS)) {
    if (typeof uses === 'string') continue
    for (const name of uses) t.ok(name in ArcClient.prototype || name in ArcClient, name)
  }
  t.end()
})

t.test('every method that sends something of its own has its endpoint', (t) => {
  const named = new Set(Object.values(ENDPOINTS).flatMap((uses) => (typeof uses === 'string' ? [] : uses)))
  const others = [...signatures().keys()].filter((name) => !named.has(name))
  t.strictSame(others, ['overRelay', 'releaseAll'])
  t.end()
})

t.test('docs/SDK.md is as the types are; renew it: npm run docs', (t) => {
  const { is, shouldBe } = compare()
  t.equal(is, shouldBe)
  t.notMatch(is, ': missing')
  t.end()
})
