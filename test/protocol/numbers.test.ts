// Every number that comes in, at the edges of its bounds: one that fits is taken, any other is refused by name, and none
// makes an answer or a date that nobody can read. Which routes read numbers, and under which names, the routes tell.

import t from 'tap'
import { Pool } from 'undici'
import { Routes } from '../../src/dispatch/routes.js'
import type { Envelope } from '../../src/protocol/envelope.js'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.js'
import { type Bounds, REQUEST_NUMBERS } from '../../src/protocol/numbers.js'
import { inParallel } from '../conformance/steps.js'
import { startTestHub } from '../support/hub.js'
import { ROUTES, type RouteFields } from '../support/route-fields.js'

const hub = await startTestHub(t)
const pool = new Pool(hub.url, { connections: 16 })
t.teardown(() => pool.destroy())

async function ask(method: string, path: string, body: string | null = null) {
  const response = await pool.request({ method, path, body })
  return { status: response.statusCode, json: (await response.body.json()) as Envelope }
}

// So that no listing and no offer waits.
await ask('POST', '/v1/messages', '{"from_agent":"a","body":"x","thread_id":"a"}')
const sayToA = () => ask('POST', '/v1/messages', '{"from_agent":"b","to_agent":"a","body":"x"}')
await sayToA()

// So that nobody waits for a task.
await inParallel(600, () => ask('POST', '/v1/messages', '{"from_agent":"a","body":"x","kind":"task"}'))

type Name = keyof typeof REQUEST_NUMBERS
const isNumber = (field: string): field is Name => field in REQUEST_NUMBERS
const boundsOf = (name: Name): Bounds & { readonly clamped?: string } => REQUEST_NUMBERS[name]

/** What a request needs besides, where its route reads it. */
const SAMPLES: Readonly<Record<string, string | readonly string[]>> = {
  agent_id: 'a',
  owner_agent_id: 'a',
  from_agent: 'a',
  channel: 'general',
  name: 'general',
  body: 'x',
  claim_key: 'key',
  file_path: 'path',
  task_id: '2',
  globs: ['g'],
  scope_id: '1',
  reader: 'r',
  offer_id: 'none',
  id: '1',
}

/** JSON texts: the edges of some bounds, and what is a number to some readers only. */
function textsFor({ min, max }: Bounds): string[] {
  const edges = [min, max, Number.MAX_SAFE_INTEGER, 253_402_300_799, 2 ** 31, 2 ** 32].flatMap((edge) =>
    [edge - 1, edge, edge + 1].map(String),
  )
  const long = ['9'.repeat(30), '9'.repeat(400), '18446744073709551616']
  const odd = ['0', '-0', '-1', '0.5', '1.5', '1e3', '1e308', '1e309', '-1e309', 'true', '[]', '[1]', '{}']
  const words = [
    'NaN',
    'Infinity',
    '-Infinity',
    '0x10',
    '1e3',
    '1_000',
    '+5',
    '-5',
    '1.5',
    '５',
    '٣',
    '5 6',
    'x',
  ]
  const asText = [...edges, ...long, ...words].map((text) => JSON.stringify(text))
  return [...new Set([...edges, ...long, ...odd, ...asText])]
}

/** Whether the protocol takes it: a JSON number, or digits as text, within its bounds. */
function fits(text: string, { min, max, fractions = false, clamped }: ReturnType<typeof boundsOf>): boolean {
  const given: unknown = JSON.parse(text)
  const digits = fractions ? /^[+-]?[0-9]+(\.[0-9]+)?$/ : /^[0-9]+$/
  const value = typeof given === 'string' && digits.test(given) ? Number(given) : given
  if (typeof value !== 'number' || !Number.isFinite(value)) return false
  if (!fractions && !Number.isSafeInteger(value)) return false
  return (value >= min || clamped === 'both') && (value <= max || clamped !== undefined)
}

/** Calls a route with a value in one of its fields, as JSON text; in queries and paths everything is text. */
function call({ method, path, params, query, body }: RouteFields, field: string, text: string) {
  const plain = (value: string) => encodeURIComponent(value.replace(/^"(.*)"$/, '$1'))
  const textOf = (name: string) => (name === field ? text : JSON.stringify(SAMPLES[name]))
  const given = (names: readonly string[]) => names.filter((name) => name === field || name in SAMPLES)
  const filled = params.reduce((path, name) => path.replace(`:${name}`, plain(textOf(name) ?? 'a')), path)
  const asked = given(query).map((name) => `${name}=${plain(textOf(name))}`)
  const members = given(body).map((name) => `"${name}":${textOf(name)}`)
  return ask(
    method,
    asked.length > 0 ? `${filled}?${asked.join('&')}` : filled,
    method === 'POST' ? `{${members.join()}}` : null,
  )
}

/** What is wrong with the answer to a value; undefined where it is as it has to be. */
async function wrongOf(field: Name, text: string, isFit: boolean, answer: ReturnType<typeof ask>) {
  const { status, json } = await answer
  // A number that no reader can hold is refused before anybody knows whose it is.
  const says = new RegExp(`\\b${field} must be|too large to be read as one: give it as a string`)
  const saysBounds = status === 400 && says.test(json.error ?? '')
  const isRight = field === 'task_id' ? status === 404 : isFit ? status < 500 && !saysBounds : saysBounds
  return isRight ? undefined : `${text.slice(0, 40)}: ${status} ${json.error ?? 'taken'}`
}

const fieldsOf = ({ params, query, body }: RouteFields) => [...params, ...query, ...body]

t.test('every number that a route reads has its bounds in the table', async (t) => {
  const found: string[] = []
  for (const route of ROUTES) {
    for (const field of fieldsOf(route)) {
      if (route.path === '/v1/stream' && field !== 'since_id') continue // it would not end
      const { json } = await call(route, field, '"no number"')
      if (/must be an? .*(integer|number)/.test(json.error ?? '')) found.push(field)
    }
  }
  t.ok(found.length > 15)
  t.strictSame(
    found.filter((field) => !isNumber(field)),
    [],
  )
})

for (const route of ROUTES) {
  for (const field of fieldsOf(route).filter(isNumber)) {
    if (field === 'delay_sec') continue // below
    const name = `${route.method} ${route.path}: ${field} is taken within its bounds, and refused by name beyond`
    t.test(name, async (t) => {
      if (route.path.endsWith('/wake')) await sayToA() // a hook that was called before has handed over the first one
      const bounds = boundsOf(field)
      const isAlwaysText = !route.body.includes(field)
      const texts = textsFor(bounds)
      const wrong = await inParallel(texts.length, async (i) => {
        const text = texts[i] as string
        const isFit = fits(isAlwaysText && !text.startsWith('"') ? JSON.stringify(text) : text, bounds)
        if (isFit && route.path === '/v1/stream') return undefined
        return wrongOf(field, text, isFit, call(route, field, text))
      })
      t.strictSame(wrong.filter(Boolean), [])
    })
  }
}

for (const field of ['start_line', 'end_line'] as const) {
  t.test(`an attachment's ${field} is taken within its bounds, and refused by name beyond`, async (t) => {
    const texts = textsFor(REQUEST_NUMBERS[field])
    const wrong = await inParallel(texts.length, async (i) => {
      const text = texts[i] as string
      const body = `{"from_agent":"a","attachments":[{"type":"file_ref","path":"x","${field}":${text}}]}`
      return wrongOf(field, text, fits(text, REQUEST_NUMBERS[field]), ask('POST', '/v1/messages', body))
    })
    t.strictSame(wrong.filter(Boolean), [])
  })
}

t.test('delay_sec is taken within its bounds, and refused by name beyond', async (t) => {
  const routes = new Routes({ limits: DEFAULT_LIMITS, listenHost: '127.0.0.1' }) // a hub would shut down
  for (const text of textsFor(REQUEST_NUMBERS.delay_sec)) {
    const plan = () => routes.plan('POST', '/v1/shutdown', JSON.parse(`{"delay_sec":${text}}`))
    if (fits(text, REQUEST_NUMBERS.delay_sec)) t.doesNotThrow(plan, text)
    else t.throws(plan, { status: 400, message: /^delay_sec must be/ }, text)
  }
})
