// An agent that knows nothing but the files of a spool (PROTOCOL §10): it writes requests, and looks for the
// responses. What it finds is held against what the hub has stored.

import { randomUUID } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Test } from 'tap'
import { Submitter } from '../../src/fsqueue/submit.js'
import type { Envelope } from '../../src/protocol/envelope.js'
import type { HubStatus, Message } from '../../src/protocol/objects.js'
import { parseRelayResponse, type RelayResponse } from '../../src/protocol/relay.js'
import type { Ledger } from './ledger.js'
import { until } from './waiting.js'

export interface FileRequest {
  readonly method: string
  readonly path: string
  readonly body?: object | undefined
  readonly createdAt?: Date | undefined
}

/** A folder of the spool that holds files of one agent. */
type Kind = 'requests' | 'responses'

export class FileAgent {
  readonly agentId: string
  readonly spool: string
  readonly #files: Submitter

  constructor(spool: string, agentId: string) {
    this.spool = spool
    this.agentId = agentId
    this.#files = new Submitter(spool, agentId)
  }

  submit(stem: string, { method, path, body, createdAt = new Date() }: FileRequest): void {
    const request = {
      request_id: stem,
      agent_id: this.agentId,
      method,
      path,
      body: body ?? null,
      created_at: createdAt.toISOString(),
    }
    this.#files.submit(stem, JSON.stringify(request))
  }

  post(stem: string, body: string, createdAt?: Date): void {
    const message = { from_agent: this.agentId, body }
    this.submit(stem, { method: 'POST', path: '/v1/messages', body: message, createdAt })
  }

  poll(stem: string, sinceId: number, timeoutSec: number): void {
    const query = `agent_id=${this.agentId}&since_id=${sinceId}&timeout=${timeoutSec}`
    this.submit(stem, { method: 'GET', path: `/v1/events?${query}` })
  }

  response(stem: string): RelayResponse | undefined {
    if (!this.#files.hasResponse(stem)) return undefined
    const text = this.#files.readResponse(stem)
    return text === undefined ? undefined : parseRelayResponse(text)
  }

  responseTo(stem: string, deadlineMs?: number): Promise<RelayResponse> {
    return until(`a response to ${stem} of ${this.agentId}`, () => this.response(stem), deadlineMs)
  }

  /** Waits for all of them. */
  async responsesTo(stems: readonly string[], deadlineMs?: number): Promise<RelayResponse[]> {
    const found: RelayResponse[] = []
    for (const stem of stems) found.push(await this.responseTo(stem, deadlineMs))
    return found
  }

  /** Resolves when so many long-polls of files wait at the hub. */
  async sees(waitingPolls: number): Promise<void> {
    await until(`${waitingPolls} parked long-polls`, async () => {
      const stem = `status-${randomUUID()}`
      this.submit(stem, { method: 'GET', path: '/v1/status' })
      const { body } = await this.responseTo(stem)
      return (body as Envelope<HubStatus>).result?.waiting_polls === waitingPolls
    })
  }

  folder(kind: Kind): string {
    return join(this.spool, kind, this.agentId)
  }

  hotFiles(kind: Kind): string[] {
    return visible(this.folder(kind))
  }

  /** Names of files in the hot folder and in the archive; one that is in both comes twice. */
  allFiles(kind: Kind): string[] {
    const archive = join(this.spool, 'archive')
    return [
      ...this.hotFiles(kind),
      ...visible(archive).flatMap((day) => visible(join(archive, day, kind, this.agentId))),
    ]
  }

  /** When the request was claimed: `.work` stands in the hot folder. */
  async claimed(stem: string): Promise<void> {
    const path = join(this.folder('requests'), `${stem}.work`)
    await until(`${stem} to be claimed`, () => statSync(path, { throwIfNoEntry: false }) !== undefined)
  }
}

/** The message that a post's response tells of; throws on anything else. */
export function postedIn({ status, body, error }: RelayResponse): Message {
  const { result } = (body ?? {}) as Envelope<Message>
  if (status !== 201 || !result) throw new Error(`not a post's answer: ${status} ${error}`)
  return result
}

/** Names of posts by one agent that ascend. */
export function stemOf(number: number): string {
  return `request-${String(number).padStart(7, '0')}`
}

const LOOK_AGAIN_MS = 5
/** Seconds after which an agent that has had no answer at all gives up. */
const PATIENCE_SEC = 90

/** Posts on and on, with so many requests on their way, until told to stop; then it waits for the last answers. */
export class FilePoster {
  readonly agent: FileAgent
  readonly #ledger: Ledger
  readonly #open = new Map<string, string>()
  #sent = 0
  #posting = true
  /** While it is true, nothing new is posted. */
  paused = false
  readonly run: Promise<void>

  /** It ends with the test, if not before. */
  constructor(t: Test, agent: FileAgent, ledger: Ledger, inFlight: number, patienceSec = PATIENCE_SEC) {
    t.teardown(() => {
      this.stop()
      this.#open.clear()
    })
    this.agent = agent
    this.#ledger = ledger
    this.run = this.#run(inFlight, patienceSec)
  }

  get sent(): number {
    return this.#sent
  }

  stop(): void {
    this.#posting = false
  }

  async #run(inFlight: number, patienceSec: number): Promise<void> {
    let movedAt = performance.now()
    while (this.#posting || this.#open.size > 0) {
      const before = this.#open.size
      const answers = this.#readAnswers()
      while (this.#posting && !this.paused && this.#open.size < inFlight) this.#post()
      if (answers > 0 || before === 0) movedAt = performance.now()
      if (performance.now() - movedAt > patienceSec * 1_000) {
        throw new Error(`${this.agent.agentId} had none of ${this.#open.size} answers for ${patienceSec} s`)
      }
      await pause(LOOK_AGAIN_MS)
    }
  }

  #post(): void {
    const body = this.#ledger.newBody()
    const stem = stemOf(this.#sent++)
    this.agent.post(stem, body)
    this.#open.set(stem, body)
  }

  /** How many it has found. */
  #readAnswers(): number {
    let found = 0
    for (const [stem, body] of this.#open) {
      const response = this.agent.response(stem)
      if (!response) continue
      const posted = postedIn(response)
      if (posted.body !== body) throw new Error(`${stem} posted "${body}", and was told of "${posted.body}"`)
      this.#ledger.acknowledge(posted)
      this.#open.delete(stem)
      found++
    }
    return found
  }
}

function visible(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith('.'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
