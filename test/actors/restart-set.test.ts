// Which actors a crash restarts: the strategy's choice, as a pure function.

import t from 'tap'
import { restartSet } from '../../src/actors/runtime/supervisor.js'

const NAMES = ['storage', 'gateway', 'relay']

t.test('one_for_one restarts the one that died', async (t) => {
  for (const name of NAMES) t.strictSame(restartSet('one_for_one', NAMES, name), [name])
})

t.test('rest_for_one restarts it and those that were started after it, in starting order', async (t) => {
  t.strictSame(restartSet('rest_for_one', NAMES, 'storage'), NAMES)
  t.strictSame(restartSet('rest_for_one', NAMES, 'gateway'), ['gateway', 'relay'])
  t.strictSame(restartSet('rest_for_one', NAMES, 'relay'), ['relay'])
})

t.test('one_for_all restarts all, in starting order', async (t) => {
  for (const name of NAMES) t.strictSame(restartSet('one_for_all', NAMES, name), NAMES)
})
