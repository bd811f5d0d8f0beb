// The verdict on a smoke run does not rest on the word of its roles: it is compared with what the hub holds.

import t from 'tap'
import { ROLES } from '../../src/cli/smoke/roles.js'
import { judge, type RoleVerdict, render, type Step } from '../../src/cli/smoke/verdict.js'
import type { HubInfo, Message } from '../../src/sdk/index.js'

const AT = '2026-01-01T12:00:00.250Z'
const HUB = { implementation: 'arc-hub', instance_id: 'mh1-here' } as HubInfo

/** What the three post in a run, as the hub holds it. */
const STORED = [
  { id: 7, from_agent: 'smoke-a', kind: 'task' },
  { id: 8, from_agent: 'smoke-b', kind: 'artifact' },
  { id: 9, from_agent: 'smoke-c', kind: 'notice' },
  { id: 10, from_agent: 'smoke-a', kind: 'notice' },
  { id: 11, from_agent: 'smoke-b', kind: 'notice' },
].map((fields) => ({ ts: '2026-01-01T12:00:00.000Z', ...fields })) as Message[]

const posted = (id: number): Step => ({ did: `posted #${id}`, posted: id, at: AT })
const saw = (id: number): Step => ({ did: `saw #${id}`, saw: id, at: AT })
const STEPS: readonly Step[][] = [
  [posted(7), saw(8), saw(9), posted(10)],
  [saw(7), posted(8), saw(9), posted(11)],
  [saw(7), saw(8), posted(9)],
]

/** The roles' verdicts on a run that has passed, changed as a test wants it. */
function rolesOf(change: (role: RoleVerdict) => Partial<RoleVerdict> = () => ({})): RoleVerdict[] {
  return ROLES.map((name, i) => {
    const role: RoleVerdict = {
      ...{ ok: true, role: name, transport: name === 'smoke-b' ? 'relay' : 'http', run: 7 },
      ...{ channel: 'smoke-room', thread_id: 'thread', claim_key: 'key' },
      ...{ implementation: 'arc-hub', instance_id: 'mh1-here', steps: STEPS[i] ?? [], elapsed_ms: 400 },
    }
    return { ...role, ...change(role) }
  })
}

const around = (stored: readonly Message[] = STORED) => ({
  ...{ hub: HUB, stored, url: 'http://127.0.0.1:6969', relay_dir: '/tmp/spool' },
  ...{ no_network: null, elapsed_ms: 500 },
})

t.test(
  'it passes when all have passed and the hub holds what they posted, in an order that can be',
  async (t) => {
    t.match(judge(rolesOf(), around()), { ok: true, run: 7, instance_id: 'mh1-here', errors: [] })
  },
)

t.test('a delivery is a message of a role that another has seen, with its ways and its time', async (t) => {
  const { deliveries } = judge(rolesOf(), around())
  t.strictSame(
    deliveries.map(({ id, from, to }) => `#${id} ${from} ${to}`),
    [
      '#7 smoke-a smoke-b',
      '#7 smoke-a smoke-c',
      '#8 smoke-b smoke-a',
      '#8 smoke-b smoke-c',
      '#9 smoke-c smoke-a',
      '#9 smoke-c smoke-b',
    ],
  )
  t.match(deliveries[0], { from_transport: 'http', to_transport: 'relay', after_ms: 250 })
})

t.test('roles that were in different runs, or at different hubs, have proved nothing', async (t) => {
  const otherRun = judge(
    rolesOf(({ role }) => (role === 'smoke-c' ? { run: 3 } : {})),
    around(),
  )
  t.match(otherRun, { ok: false, errors: ['smoke-c was in run #3, smoke-a in run #7'] })
  const otherHub = judge(
    rolesOf(({ role }) => (role === 'smoke-b' ? { instance_id: 'mh1-x' } : {})),
    around(),
  )
  t.match(otherHub, { ok: false, errors: ['smoke-b spoke to another hub, mh1-x'] })
})

t.test('a message that the hub does not hold is told', async (t) => {
  const { ok, errors } = judge(rolesOf(), around(STORED.filter(({ id }) => id !== 8)))
  t.equal(ok, false)
  t.match(errors, [/the hub holds only 7,9,10,11/, /which lacks: smoke-a task, smoke-b artifact/])
})

t.test('an order that can not be is told', async (t) => {
  const [task, artifact, ...rest] = STORED as [Message, Message, ...Message[]]
  const { ok, errors } = judge(rolesOf(), around([artifact, task, ...rest]))
  t.equal(ok, false)
  t.match(errors, [/^the hub holds smoke-b artifact,smoke-a task/])
})

t.test('a role that failed is told in its own words, and nothing else is looked for', async (t) => {
  const roles = rolesOf(({ role }) =>
    role === 'smoke-b' ? { ok: false, run: null, error: 'smoke-b could not acquire the claim' } : {},
  )
  t.match(judge(roles, around([])), { ok: false, errors: ['smoke-b could not acquire the claim'] })
})

t.test('in words: who posted what, what reached whom by which way, and what is wrong', async (t) => {
  const passed = render(judge(rolesOf(), around())).join('\n')
  t.match(passed, /^smoke run #7 PASSED in 0\.5 s, at http:\/\/127\.0\.0\.1:6969 \(arc-hub, mh1-here\)$/m)
  t.match(passed, /^ {2}smoke-b +over files +passed +posted #8, #11$/m)
  t.match(passed, /^ {2}#8 artifact +smoke-b → smoke-a +files → HTTP +250 ms$/m)
  const failed = render(
    judge(
      rolesOf(() => ({ ok: false, error: 'too late' })),
      around(),
    ),
  ).join('\n')
  t.match(failed, /^smoke run FAILED in /)
  t.match(failed, /^failed: too late$/m)
})

t.test('in words: what stood for a network where the roles over files ran', async (t) => {
  const no_network = { by: 'unshare -n', connecting_to_the_hub: 'ENETUNREACH' }
  const text = render(judge(rolesOf(), { ...around(), no_network })).join('\n')
  t.match(text, /over files, no network/)
  t.match(
    text,
    /those roles ran under "unshare -n", from where\na connection to the hub fails \(ENETUNREACH\)/,
  )
})
