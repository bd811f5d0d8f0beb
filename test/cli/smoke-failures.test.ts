// `arc smoke` where something is missing, or goes wrong: it exits 1, and says in words what.

import t from 'tap'
import type { SmokeVerdict } from '../../src/cli/smoke/verdict.js'
import { call, json, Place } from '../support/arc-process.js'
import { steadyPort } from '../support/ports.js'

t.jobs = 2

t.test('without a hub it says so', async (t) => {
  const place = new Place(t)
  const done = await place.arc(['smoke', '--base-url', `http://127.0.0.1:${await steadyPort()}`])
  t.equal(done.status, 1)
  t.match(done.stderr, /^arc error: no hub answers at .*connection refused/)
  t.match(json(done), { ok: false, error: /connection refused/ })
})

/** Holds what a smoke run is about to acquire. */
async function holdClaim(url: string): Promise<void> {
  const claim = { owner_agent_id: 'somebody', claim_key: 'smoke-claim-001', task_message_id: 1 }
  await call(url, '/v1/claims', claim)
}

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
  await holdClaim(url)
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
  t.equal(done.status, 2)
  t.match(done.stderr, /--transports must be 3 of http or relay/)
})

t.test('a run that is interrupted ends its roles, and has not passed', async (t) => {
  const place = new Place(t)
  const { url } = await place.ensure()
  await holdClaim(url)
  const smoke = place.start(['smoke'])
  await smoke.says('which somebody holds')
  smoke.child.kill('SIGTERM')
  const done = await smoke.finished
  t.equal(done.status, 1)
  t.match(json(done), { ok: false, roles: [{ ok: false }, { ok: false }, { ok: false }], errors: [] })
  t.match(done.stderr, /^ {2}smoke-b +over files +ended +posted nothing$/m)
})
