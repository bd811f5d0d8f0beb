// Sessions that expire while a listing of agents is read.

import t from 'tap'
import type { Committer } from '../../src/storage/committer.js'
import { Expiry } from '../../src/storage/expiry.js'

t.test('who expires between the expiry and the listing is ended before they are missing', async (t) => {
  const done: string[] = []
  // Nobody has expired when it looks first; somebody has once the listing is read.
  const backend = { hasExpired: () => done.includes('read') && !done.includes('ended') }
  const committer = {
    presence: { isPending: false },
    touch: () => {},
    apply: async () => void done.push('ended'),
  } as unknown as Committer
  const expiry = new Expiry({ committer, backend, doors: [], presenceTtlSec: 5 })
  t.teardown(() => expiry.stop())
  const found = await expiry.beforeReading(async () => {
    done.push('read')
    return done.length
  })
  t.strictSame(done, ['read', 'ended', 'read'])
  t.equal(found, 3, 'the listing is the later one')
})
