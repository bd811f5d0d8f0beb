// The fuzzer's request files: the same requests as over HTTP, in the relay's envelope or in a damaged one.

import type { RawAgent } from '../raw-agent.js'
import type { FuzzRequest, Requests } from './requests.js'
import type { Values } from './values.js'

export interface FileRequest extends FuzzRequest {
  readonly stem: string
  readonly content: Buffer
}

const STEMS = ['ü', '🚀', 'a b', '-x', '~', 'x'.repeat(200), "'", '%2e', 'a\nb', '\u202e', 'con', '__proto__']
const TIMES = [
  '"2020-01-01T00:00:00Z"',
  '"2099-01-01T00:00:00Z"',
  '"yesterday"',
  '0',
  'null',
  '"-271822-01-01T00:00:00Z"',
  '1e400',
]

export class Files {
  readonly #values: Values
  readonly #requests: Requests
  #count = 0

  constructor(values: Values, requests: Requests) {
    this.#values = values
    this.#requests = requests
  }

  next(): FileRequest {
    const values = this.#values
    const request = this.#requests.next()
    const number = String(this.#count++).padStart(7, '0')
    const stem = values.chance(0.05) ? `${values.pick(STEMS)}-${number}` : `f-${number}`
    const { method, target, body } = request
    const members = [
      `"request_id":${values.chance(0.95) ? JSON.stringify(stem) : values.anyJson()}`,
      `"agent_id":${values.member('agent_id')}`,
      `"method":${values.chance(0.97) ? JSON.stringify(method) : values.anyJson()}`,
      `"path":${values.chance(0.97) ? JSON.stringify(target) : values.anyJson()}`,
      `"created_at":${values.chance(0.9) ? JSON.stringify(new Date().toISOString()) : values.pick(TIMES)}`,
    ]
    const given = members.filter(() => values.chance(0.99))
    if (values.chance(0.05)) given.push(values.pick([...members, '"unknown":{}', '"body":null']))
    // The body's bytes, unchanged: a damaged body stays damaged.
    const text = Buffer.from(`{${given.join()},"body":`)
    const whole = Buffer.concat([text, body.length > 0 ? body : Buffer.from('null'), Buffer.from('}')])
    // A damaged envelope may lead to another route, but never to a shutdown.
    const isCalm = !/shutdown/i.test(target)
    return { ...request, stem, content: isCalm && values.chance(0.05) ? values.damage(whole) : whole }
  }
}

/** Submits all files at once, and waits for every answer. Resolves with the texts of the responses. */
export async function exchange(agent: RawAgent, files: readonly FileRequest[]): Promise<string[]> {
  for (const { stem, content } of files) agent.put(`${stem}.json`, content)
  const texts: string[] = []
  for (const { stem } of files) {
    await agent.response(stem)
    texts.push(agent.responseText(stem))
  }
  return texts
}
