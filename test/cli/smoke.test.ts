// `arc smoke`: one command, one verdict. It passes on a hub that works: over both ways, over files alone without a
// network, and through a stand-alone relay.

import t from 'tap'
import type { SmokeVerdict } from '../../src/cli/smoke/verdict.js'
import { json, Place } from '../support/arc-process.js'
import { NO_NETWORK, needsNoNetwork } from '../support/no-network.js'

t.jobs = 2

t.test('it passes and says what it proves: which message went which way, to whom', async (t) => {
  const place = new Place(t)
  const { url, instanceId } = await place.ensure()
  const done = await place.arc(['smoke'])
  t.equal(done.status, 0, done.stderr)
  const verdict = json<SmokeVerdict>(done)
  t.match(verdict, { ok: true, url, instance_id: instanceId, run: 1, no_network: null, errors: [] })
  t.match(
    verdict.roles.map(({ role, transport, ok, run }) => `${role} ${transport} ${ok} ${run}`),
    ['smoke-a http true 1', 'smoke-b relay true 1', 'smoke-c http true 1'],
  )
  t.strictSame(
    verdict.deliveries.map(
      ({ kind, from_transport, to_transport }) => `${kind} ${from_transport} ${to_transport}`,
    ),
    [
      'task http relay',
      'task http http',
      'artifact relay http',
      'artifact relay http',
      'notice http http',
      'notice http relay',
    ],
  )
  t.match(done.stderr, /^smoke run #1 PASSED in \d+\.\d s, at http/m)
  t.match(done.stderr, /#\d+ artifact +smoke-b → smoke-a +files → HTTP +\d+ ms/)
})

t.test('smoke-a signs in when the others wait for its task, so none waits for a sign of life', async (t) => {
  const place = new Place(t)
  await place.ensure()
  const { stderr } = await place.arc(['smoke'])
  const lines = stderr.split('\n')
  const numberOf = (line: RegExp) => lines.findIndex((text) => line.test(text))
  const leads = numberOf(/^smoke-a .* sign in/)
  for (const role of ['smoke-b', 'smoke-c']) {
    const waits = numberOf(new RegExp(`^${role} .* wait for a task from smoke-a`))
    t.ok(waits >= 0 && waits < leads, `${role} waits at line ${waits}, smoke-a signs in at line ${leads}`)
  }
})

t.test(
  'over files alone, without a network, it passes and says what stood for that',
  { skip: needsNoNetwork },
  async (t) => {
    const place = new Place(t)
    const { url } = await place.ensure()
    const all = ['--transports', 'relay,relay,relay', '--no-network', '--base-url', url]
    const done = await place.arc(['smoke', ...all, '--thread-id', 'files', '--claim-key', 'key'])
    t.equal(done.status, 0, done.stderr)
    t.match(json(done), {
      no_network: { by: NO_NETWORK?.join(' '), connecting_to_the_hub: /^E[A-Z]+$/ },
      roles: [{ transport: 'relay', thread_id: 'files', claim_key: 'key' }],
    })
    t.match(done.stderr, /those roles ran under "unshare -r?n"/)
  },
)

t.test('it passes through a stand-alone relay, too', async (t) => {
  const place = new Place(t)
  const { url } = await place.ensure(['--no-relay', '--port', '0'])
  const relay = place.start(['relay', '--base-url', url, '--spool-dir', 'spool'])
  await relay.says('serves')
  const done = await place.arc(['smoke', '--relay-dir', 'spool'])
  t.match(done, { status: 0 }, done.stderr)
})
