// An agent that uses nothing but the files of a spool (PROTOCOL §10): it writes requests and looks for the responses. Tests
// compare the responses with the stored messages.

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

/** The two kinds of folders with files of one agent. */
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

  /** Waits for the responses to all these stems. */
  async responsesTo(stems: readonly string[], deadlineMs?: number): Promise<RelayResponse[]> {
    const found: RelayResponse[] = []
    for (const stem of stems) found.push(await this.responseTo(stem, deadlineMs))
    return found
  }

  /** Resolves when `waitingPolls` long-polls over files are parked at the hub. */
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

  /** The names of files in the hot folder and in the archive. A name in both appears twice. */
  allFiles(kind: Kind): string[] {
    const archive = join(this.spool, 'archive')
    return [
      ...this.hotFiles(kind),
      ...visible(archive).flatMap((day) => visible(join(archive, day, kind, this.agentId))),
    ]
  }

  /** Resolves when the request is claimed: its `.work` file is in the hot folder. */
  async claimed(stem: string): Promise<void> {
    const path = join(this.folder('requests'), `${stem}.work`)
    await until(`${stem} to be claimed`, () => statSync(path, { throwIfNoEntry: false }) !== undefined)
  }
}

/** The message in a post's response. Throws for any other response. */
export function postedIn({ status, body, error }: RelayResponse): Message {
  const { result } = (body ?? {}) as Envelope<Message>
  if (status !== 201 || !result) throw new Error(`not a post's answer: ${status} ${error}`)
  return result
}

/** The stem of an agent's post number `number`. Stems sort by number. */
export function stemOf(number: number): string {
  return `request-${String(number).padStart(7, '0')}`
}

const LOOK_AGAIN_MS = 5
/** An agent gives up after this many seconds without any answer. */
const PATIENCE_SEC = 90

/** Posts with `inFlight` requests in progress until it is stopped. Then it waits for the last answers. */
export class FilePoster {
  readonly agent: FileAgent
  readonly #ledger: Ledger
  readonly #open = new Map<string, string>()
  #sent = 0
  #posting = true
  /** While true, it posts nothing new. */
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

  /** Reads the answers that are there. Returns their number. */
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
