// An agent that uses the file relay without the SDK (PROTOCOL §10), so that a test controls and sees every file of the spool.

import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { until } from './waiting.js'

export interface RawResponse<T = unknown> {
  readonly request_id: string
  readonly ok: boolean
  readonly status: number
  readonly body?: {
    readonly ok: boolean
    readonly result?: T
    readonly error?: string
    readonly code?: string
  }
  readonly completed_at: string
  readonly error?: string
  readonly code?: string
}

export interface RawRequest {
  readonly stem?: string
  readonly body?: object | null
  /** Further members of the envelope, or other values for those that it has. */
  readonly members?: object
}

let count = 0

export class RawAgent {
  readonly name: string
  readonly requests: string
  readonly responses: string

  /** It creates the agent's folder of requests. `folder`: the folder's name for the agent's id. */
  constructor(spool: string, name: string, folder = name) {
    this.name = name
    this.requests = join(spool, 'requests', folder)
    this.responses = join(spool, 'responses', folder)
    mkdirSync(this.requests, { recursive: true })
  }

  /** The text of a request file. */
  envelope(method: string, path: string, { stem = '', body = null, members }: RawRequest = {}): string {
    const created_at = new Date().toISOString()
    return JSON.stringify({
      request_id: stem,
      agent_id: this.name,
      method,
      path,
      body,
      created_at,
      ...members,
    })
  }

  /** A stem that sorts after all earlier ones. */
  nextStem(): string {
    return `r-${String(count++).padStart(9, '0')}`
  }

  /** Puts a file into the folder of requests by hidden temporary file and rename, as the protocol says. */
  put(name: string, content: string | Uint8Array): void {
    const temporary = join(this.requests, `.${count++}.tmp`)
    writeFileSync(temporary, content)
    renameSync(temporary, join(this.requests, name))
  }

  /** Submits a request; returns its stem. */
  submit(method: string, path: string, request: RawRequest = {}): string {
    const stem = request.stem ?? this.nextStem()
    this.put(`${stem}.json`, this.envelope(method, path, { ...request, stem }))
    return stem
  }

  /** Submits a post of a message to `general`. */
  say(body: string, stem?: string): string {
    const message = { from_agent: this.name, body }
    return this.submit(
      'POST',
      '/v1/messages',
      stem === undefined ? { body: message } : { stem, body: message },
    )
  }

  hasResponse(stem: string): boolean {
    return existsSync(join(this.responses, `${stem}.json`))
  }

  /** Waits for a response file, which appears whole. */
  async response<T>(stem: string, deadlineMs?: number): Promise<RawResponse<T>> {
    const path = join(this.responses, `${stem}.json`)
    const isThere = () => lstatSync(path, { throwIfNoEntry: false })?.isFile()
    const what = () => {
      const lies = this.listing().filter((name) => name.startsWith(stem))
      return `the response to ${stem.slice(0, 50)} of ${this.name}; there lies [${lies}]`
    }
    await until(what, isThere, deadlineMs)
    return JSON.parse(readFileSync(path, 'utf8')) as RawResponse<T>
  }

  /** The text of a response file that exists. */
  responseText(stem: string): string {
    return readFileSync(join(this.responses, `${stem}.json`), 'utf8')
  }

  /** Submits a request and waits for its answer. */
  ask<T>(method: string, path: string, request?: RawRequest): Promise<RawResponse<T>> {
    return this.response<T>(this.submit(method, path, request))
  }

  /** The names in the folder of requests. */
  listing(): string[] {
    return readdirSync(this.requests).sort()
  }

  /** Waits until the host has claimed a request, or has answered it already. */
  async claimed(stem: string, deadlineMs?: number): Promise<void> {
    const signs = [join(this.requests, `${stem}.work`), join(this.responses, `${stem}.json`)]
    await until(`${stem} to be claimed`, () => signs.some((path) => existsSync(path)), deadlineMs)
  }
}
