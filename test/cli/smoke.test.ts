// `arc smoke`: one command, one verdict. It passes on a hub that works, with and without a network for the
// roles over files; and where something is missing it exits 1 and says in words what.

import t from 'tap'
import type { SmokeVerdict } from '../../src/cli/smoke/verdict.js'
import { call, freePort, json, Place } from '../support/arc-process.js'
import { NO_NETWORK } from '../support/no-network.js'

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

t.test(
  'over files alone, without a network, it passes and says what stood for that',
  { skip: !NO_NETWORK },
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

t.test('without a hub it says so', async (t) => {
  const place = new Place(t)
  const done = await place.arc(['smoke', '--base-url', `http://127.0.0.1:${await freePort()}`])
  t.equal(done.status, 1)
  t.match(done.stderr, /^arc error: no hub answers at .*connection refused/)
  t.match(json(done), { ok: false, error: /connection refused/ })
})

t.test('with a folder that nobody serves it says so', async (t) => {
  const place = new Place(t)
  await place.ensure(['--no-relay', '--port', '0'])
  place.below('.arc-relay')
  const done = await place.arc(['smoke'])
  t.equal(done.status, 1)
  t.match(done.stderr, /^arc error: no hub took the request out of .*\.arc-relay within 5 s/)
  t.match(json(done), { ok: false })
  const missing = await place.arc(['smoke', '--relay-dir', 'elsewhere'])
  t.equal(missing.status, 1)
  t.match(missing.stderr, /^arc error: no hub can be reached through .*elsewhere/)
})

t.test("with another hub's folder it says so", async (t) => {
  const [mine, other] = [new Place(t), new Place(t)]
  await mine.ensure()
  await other.ensure()
  const done = await mine.arc(['smoke', '--relay-dir', other.path('.arc-relay')])
  t.equal(done.status, 1)
  t.match(done.stderr, /^arc error: .*\.arc-relay leads to another hub \(mh1-/)
})

t.test('with a role that runs out of time it says which, and at what', async (t) => {
  const place = new Place(t)
  const { url } = await place.ensure()
  await call(url, '/v1/claims', {
    owner_agent_id: 'somebody',
    claim_key: 'smoke-claim-001',
    task_message_id: 1,
  })
  const done = await place.arc(['smoke', '--timeout-sec', '8'])
  t.equal(done.status, 1)
  const verdict = json<SmokeVerdict>(done)
  t.match(verdict, { ok: false, roles: [{ ok: false }, { ok: false }, { ok: false }] })
  t.match(done.stderr, /^smoke run FAILED in /m)
  t.match(done.stderr, /acquire the claim smoke-claim-001, which somebody holds until/)
  t.match(done.stderr, /^failed: smoke-[abc] was not through after 8 s; it was about to /m)
})

t.test('wrong transports are refused', async (t) => {
  const done = await new Place(t).arc(['smoke', '--transports', 'http,pigeon,http'])
  t.equal(done.status, 1)
  t.match(done.stderr, /--transports must be 3 of http or relay/)
})
