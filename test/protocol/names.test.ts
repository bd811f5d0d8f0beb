// Every name that comes in: a long one is taken whole, a longer one is refused by its field, in bodies, queries and paths. Which
// routes read names, the routes tell; what is new and no name has to be told here.

import t from 'tap'
import { Pool } from 'undici'
import type { Envelope } from '../../src/protocol/envelope.js'
import {
  MAX_CAPABILITIES,
  MAX_DISPLAY_NAME_CHARS,
  MAX_NAME_CHARS,
  MAX_PATH_CHARS,
} from '../../src/protocol/limits.js'
import { REQUEST_NUMBERS } from '../../src/protocol/numbers.js'
import { startTestHub } from '../support/hub.js'
import { ROUTES, type RouteFields } from '../support/route-fields.js'

const hub = await startTestHub(t)
const pool = new Pool(hub.url, { connections: 4 })
t.teardown(() => pool.destroy())

async function ask(method: string, path: string, body?: object) {
  const response = await pool.request({ method, path, body: body ? JSON.stringify(body) : null })
  return { status: response.statusCode, json: (await response.body.json()) as Envelope }
}

// The task that routes with a task in their path are about.
await ask('POST', '/v1/messages', { from_agent: 'a', body: 'x', kind: 'task' })

/** What a name is not: numbers, texts with a bound of their own, closed sets, yes and no, lists and objects. */
const OTHERS = new Set([
  ...Object.keys(REQUEST_NUMBERS),
  ...['body', 'kind', 'status', 'attachments', 'metadata', 'capabilities', 'channels', 'cursor'],
  ...[
    'id',
    'to_must_exist',
    'ambient',
    'replace',
    'reuse',
    'process',
    'tail',
    'exclude_self',
    'changes',
    'active_only',
    'allow_remote',
    'by_operator',
    'globs',
    'mode',
  ],
])
const PATHS: ReadonlySet<string> = new Set(['file_path', 'note', 'path', 'reason'])
const maxOf = ({ path }: RouteFields, field: string) => {
  if (PATHS.has(field)) return MAX_PATH_CHARS
  return path.endsWith('/rename') && field === 'display_name' ? MAX_DISPLAY_NAME_CHARS : MAX_NAME_CHARS
}

const NAMES_OF_LEASES: ReadonlySet<string> = new Set(['claim_key', 'file_path'])
const isLease = ({ path }: RouteFields) => /^\/v1\/(claims|locks)/.test(path)

/** Names that no answer repeats. */
const SILENT: ReadonlySet<string> = new Set(['reader', 'by', 'holder'])

let calls = 0

/** Calls a route with one name given, and what else it needs. */
function call(route: RouteFields, field: string, name: string) {
  const others = {
    agent_id: 'a',
    owner_agent_id: 'a',
    from_agent: 'a',
    session_id: 's',
    hook_event_name: 'Stop',
    claim_key: `k${++calls}`,
    file_path: `p${calls}`,
    body: 'x',
    task_id: 1,
    globs: [`g${calls}`],
    scope_id: 1,
    // A post and a completion name a lease only together with its fence.
    ...(NAMES_OF_LEASES.has(field) && !isLease(route) && { fence: 0, claim_key: null, file_path: null }),
  }
  const given: Record<string, unknown> = {
    ...others,
    id: 1,
    offer_id: 'none',
    name: `n${calls}`,
    display_name: 'd',
    replace: true,
    [field]: name,
  }
  const path = route.params.reduce(
    (path, param) => path.replace(`:${param}`, encodeURIComponent(String(given[param] ?? 'x'))),
    route.path,
  )
  if (route.method === 'POST') {
    return ask('POST', path, Object.fromEntries(route.body.map((member) => [member, given[member]])))
  }
  const query = new URLSearchParams()
  for (const member of route.query) if (member in given) query.set(member, String(given[member]))
  return ask(route.method, `${path}?${query}`)
}

for (const route of ROUTES) {
  for (const field of [...route.params, ...route.query, ...route.body]) {
    if (OTHERS.has(field) || route.path === '/v1/stream') continue
    const max = maxOf(route, field)
    t.test(`${route.method} ${route.path}: ${field} has at most ${max} characters`, async (t) => {
      // A longer path would be more than Node takes of a request's head; a letter is 3 bytes there and more in escapes.
      for (const letter of max > MAX_NAME_CHARS ? ['x'] : ['x', 'ا', '🙂']) {
        const long = await call(route, field, letter.repeat(max))
        t.ok(long.status < 500, `${long.status} ${long.json.error}`)
        t.notMatch(long.json.error ?? '', /must be/)
        const text = JSON.stringify(long.json)
        if (long.json.ok && route.method === 'POST' && long.json.result !== null && !SILENT.has(field))
          t.ok(text.includes(letter.repeat(max)), 'it is kept whole')
        const longer = await call(route, field, letter.repeat(max + 1))
        const expected = { status: 400, error: `${field} must be at most ${max} characters` }
        t.match({ status: longer.status, error: longer.json.error }, expected)
      }
    })

    t.test(`${route.method} ${route.path}: ${field} has no NUL in it`, async (t) => {
      const { status, json } = await call(route, field, 'a\0b')
      t.match({ status, error: json.error }, { status: 400, error: `${field} must not hold a NUL character` })
    })
  }
}

const attach = (attachment: object) =>
  ask('POST', '/v1/messages', { from_agent: 'a', attachments: [attachment] })
const PARTS: [type: string, field: string, max: number][] = [
  ['code', 'language', MAX_NAME_CHARS],
  ['file_ref', 'path', MAX_PATH_CHARS],
  ['file_ref', 'description', MAX_PATH_CHARS],
  ['diff_ref', 'path', MAX_PATH_CHARS],
  ['diff_ref', 'base', MAX_NAME_CHARS],
  ['diff_ref', 'head', MAX_NAME_CHARS],
  ['diff_ref', 'description', MAX_PATH_CHARS],
]

for (const [type, field, max] of PARTS) {
  t.test(`the ${field} of a ${type} has at most ${max} characters`, async (t) => {
    const attachment = { type, content: 'x', path: 'p' }
    t.equal((await attach({ ...attachment, [field]: '🙂'.repeat(max) })).status, 201)
    const { status, json } = await attach({ ...attachment, [field]: '🙂'.repeat(max + 1) })
    t.equal(status, 400)
    t.match(json.error, `attachments.0.${field} must be at most ${max} characters`)
  })
}

t.test(`an agent has at most ${MAX_CAPABILITIES} capabilities, each a name`, async (t) => {
  const open = (capabilities: unknown[]) =>
    ask('POST', '/v1/sessions', { agent_id: 'c', replace: true, capabilities })
  t.equal((await open(Array(MAX_CAPABILITIES).fill('x'.repeat(MAX_NAME_CHARS)))).status, 201)
  for (const capabilities of [
    Array(MAX_CAPABILITIES + 1).fill('x'),
    ['x'.repeat(MAX_NAME_CHARS + 1)],
    ['\0'],
  ]) {
    const { status, json } = await open(capabilities)
    t.match({ status, error: json.error }, { status: 400, error: /^capabilities/ })
  }
})

t.test('each name in a list of channels has its bound', async (t) => {
  const { status, json } = await ask('GET', `/v1/stream?agent_id=a&channels=general,${'x'.repeat(257)}`)
  t.match({ status, error: json.error }, { status: 400, error: /^channels.* must be at most 256 characters/ })
})
