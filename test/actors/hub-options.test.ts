// A hub's numbers, at the edges of their bounds: one that does not fit is said before anything is started or written.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { HubOptions } from '../../src/actors/hub.js'
import { type Bounds, HUB_NUMBERS } from '../../src/protocol/numbers.js'
import { ownFolder } from '../support/folder.js'
import { startHub, startTestHub } from '../support/hub.js'

type Name = keyof typeof HUB_NUMBERS

function withNumber(name: Name, value: number): Partial<HubOptions> {
  return /^(max|loop)/.test(name) ? { limits: { [name]: value } } : { [name]: value }
}

for (const [name, bounds] of Object.entries(HUB_NUMBERS) as [Name, Bounds][]) {
  t.test(`${name} beyond its bounds is refused by name, and nothing is made`, async (t) => {
    const storagePath = join(ownFolder(t), 'arc.sqlite3')
    const { min, max } = bounds
    for (const value of [min - 1, max + 1, min + 0.5, Number.NaN, Infinity, -Infinity, 2 ** 53]) {
      const start = startHub({ port: 0, logLevel: 'silent', ...withNumber(name, value), storagePath })
      start.then((hub) => hub.stop()).catch(() => {})
      await t.rejects(start, { code: 'start_failed', message: new RegExp(`^${name} must be`) }, `${value}`)
    }
    t.notOk(existsSync(storagePath))
  })
}

t.test('limits that would let in a request too large for a text are refused', async (t) => {
  const storagePath = join(ownFolder(t), 'arc.sqlite3')
  const limits = { maxAttachmentChars: 100_000_000, maxAttachments: 3 }
  const start = startHub({ port: 0, logLevel: 'silent', storagePath, limits })
  start.then((hub) => hub.stop()).catch(() => {})
  await t.rejects(start, { code: 'start_failed', message: /at most 268435456 bytes/ })
})

t.test('a hub starts with the longest presence and the oldest requests that fit', async (t) => {
  const { presenceTtlSec, requestTtlSec } = HUB_NUMBERS
  await startTestHub(t, { presenceTtlSec: presenceTtlSec.max, requestTtlSec: requestTtlSec.max })
})
