// The fuzzer's requests: for each route of the hub, and for some unknown ones, with the members that the route reads. It asks
// the routes themselves for their paths and members.

import { parse } from '../../../src/protocol/fields.js'
import { readJson } from '../../../src/protocol/json.js'
import * as schemas from '../../../src/protocol/requests.js'
import { ROUTES, type RouteFields } from '../route-fields.js'
import type { Values } from './values.js'

export interface FuzzRequest {
  readonly method: string
  /** Path with query, as in a request line. */
  readonly target: string
  readonly body: Buffer
  /** The route of the request, unless the fuzzer has damaged its method or path. */
  readonly route: string | undefined
}

const OTHER_METHODS = [
  'HEAD',
  'PUT',
  'PATCH',
  'OPTIONS',
  'TRACE',
  'get',
  'POST',
  'GET',
  'DELETE',
  'PROPFIND',
  'M-SEARCH',
]
const OTHER_TARGETS = [
  ...[
    '/',
    '/index.html',
    '/assets/',
    '/assets/../../etc/passwd',
    '/v1',
    '/v1/',
    '/v2/messages',
    '//v1/messages',
    '/favicon.ico',
  ],
  ...[
    '/v1/messages/',
    '/v1/messages/%2e%2e/agents',
    '/v1/inbox/',
    '/v1/inbox/a/b',
    '/v1/tasks//complete',
    '/%00',
    '/v1/%zz',
  ],
  ...[
    '/v1/threads/%ff',
    '/v1/threads/%ed%a0%bd',
    '/v1/threads/__proto__',
    '/v1/__proto__',
    '/?',
    '/v1/events?',
    '/v1/search?q=x',
  ],
]
/** The least delay of a shutdown. The fuzzer cancels it after the batch; an earlier one would end the campaign. */
const MIN_DELAY_SEC = 600

export class Requests {
  readonly #values: Values

  constructor(values: Values) {
    this.#values = values
  }

  next(): FuzzRequest {
    const values = this.#values
    values.isCalm = values.chance(0.5)
    const route = values.pick(ROUTES)
    let method = route.method
    let target = this.#target(route)
    let isRoute = true
    if (values.chance(0.04)) {
      method = values.pick(OTHER_METHODS)
      isRoute = false
    }
    if (values.chance(0.04)) {
      target = values.pick(OTHER_TARGETS)
      isRoute = false
    }
    const body = this.#safe(target, this.#body(route))
    return { method, target, body, route: isRoute ? `${route.method} ${route.path}` : undefined }
  }

  #target({ path, params, query }: RouteFields): string {
    const values = this.#values
    const filled = params.reduce((path, param) => {
      const value = param === 'task_id' ? values.numberText(param) : values.name()
      return path.replace(`:${param}`, () => encodeURIComponent(value))
    }, path)
    const given = query.filter(() => values.chance(0.6))
    if (values.chance(0.05)) given.push(values.pick([...query, 'unknown', '__proto__', 'a[]']))
    const pairs = given.map((field) => `${field}=${this.#parameter(field)}`)
    if (pairs.length === 0 && !values.chance(0.02)) return filled
    return `${filled}?${pairs.join(values.chance(0.02) ? '&&' : '&')}`
  }

  #parameter(field: string): string {
    const values = this.#values
    if (values.chance(0.03))
      return values.pick(['%', '%zz', '%ff', '%ed%a0%bd', '%00', '+', '%2B', '=', '?', '%u00fc'])
    return encodeURIComponent(values.parameter(field))
  }

  #body({ method, body }: RouteFields): Buffer {
    const values = this.#values
    if (method !== 'POST' && !values.chance(0.05)) return Buffer.alloc(0)
    const given = body.filter((field) => this.#isGiven(field))
    if (values.chance(0.05)) given.push(values.pick([...body, 'unknown', '__proto__', 'agent_id']))
    const members = given.map((field) => `${values.text(field)}:${values.member(field)}`)
    const text = values.chance(0.03)
      ? values.anyJson()
      : `{${members.join(values.chance(0.05) ? ' ,\r\n' : ',')}}`
    const bytes = Buffer.from(text)
    return values.chance(0.08) ? values.damage(bytes) : bytes
  }

  /** Whether a member is given. Members that refer to other objects are mostly left out. */
  #isGiven(field: string): boolean {
    const values = this.#values
    if (['parent_task_id', 'to_agent', 'channel', 'attachments'].includes(field)) return values.chance(0.25)
    return values.isCalm || values.chance(0.75)
  }

  #safe(target: string, body: Buffer): Buffer {
    if (!/shutdown/i.test(target)) return body
    const calm = Buffer.from('{"delay_sec":3600}')
    try {
      const { delay_sec } = parse(schemas.beginShutdown, readJson(body.toString('utf8') || '{}', 'it'))
      return delay_sec < MIN_DELAY_SEC ? calm : body
    } catch {
      return body
    }
  }
}
