// A hub for smoke runs, its roles, and its stored messages. The runs of one room share the channel, the thread and the claim of
// PROTOCOL §14, so each run finds the messages of earlier ones. A role runs in this process, or in a process of its own, as a
// user starts it.

import { join } from 'node:path'
import type { Test } from 'tap'
import { type SmokeSettings, smokeSettingsFrom } from '../../src/cli/smoke/arguments.js'
import { type Played, playPart } from '../../src/cli/smoke/part.js'
import type { RoleName } from '../../src/cli/smoke/roles.js'
import type { RoleVerdict } from '../../src/cli/smoke/verdict.js'
import type { Message } from '../../src/protocol/objects.js'
import { ArcClient } from '../../src/sdk/index.js'
import { call, json, Place, type Running } from './arc-process.js'
import { ownFolder } from './folder.js'
import { startTestHub } from './hub.js'
import { NO_NETWORK } from './no-network.js'
import { until } from './waiting.js'

export type Letter = 'a' | 'b' | 'c'

/** A role that plays, here or in a process. */
export interface Role {
  /** Its lines so far. */
  readonly told: string
  /** Resolves when its lines contain this text. */
  says(text: string | RegExp): Promise<void>
  /** Resolves with its verdict at its end. Rejects if it has not passed. */
  verdict(): Promise<RoleVerdict>
}

const IN_THE_THREAD = { channel: 'smoke-room', thread_id: 'smoke-relay-001' }
const THREAD = `/v1/messages?thread_id=${IN_THE_THREAD.thread_id}&limit=500`

/** Seconds of a role's long-poll, less than a user's: some roles wait for several polls of smoke-a. */
const POLL_SEC = 0.25

/** A role in this process. */
export class PlayedRole implements Role {
  told = ''
  readonly finished: Promise<Played>
  readonly #killing = new AbortController()
  readonly #farewell: () => Promise<void>

  constructor(role: RoleName, client: ArcClient, transport: 'http' | 'relay', settings: SmokeSettings) {
    this.#farewell = client.close.bind(client)
    client.close = () => (this.#killing.signal.aborted ? Promise.resolve() : this.#farewell())
    const tell = (line: string) => {
      this.told += `${line}\n`
    }
    this.finished = playPart({ role, client, transport, settings, tell, signal: this.#killing.signal })
  }

  says(text: string | RegExp): Promise<void> {
    const said = () => (typeof text === 'string' ? this.told.includes(text) : text.test(this.told))
    return until(() => `${text} in: ${this.told}`, said).then(() => {})
  }

  async verdict(): Promise<RoleVerdict> {
    const { verdict, failure } = await this.finished
    if (failure) throw failure
    return verdict
  }

  /** Ends it as a kill does: the hub keeps its session. */
  async kill(): Promise<void> {
    this.#killing.abort()
    await this.finished.catch(() => {})
  }

  /** Closes the client of a killed role. */
  async dispose(): Promise<void> {
    await this.kill()
    await this.#farewell()
  }
}

/** A role as a process. */
class ProcessRole implements Role {
  readonly #running: Running

  constructor(running: Running) {
    this.#running = running
  }

  get told(): string {
    return this.#running.stderr
  }

  says(text: string | RegExp): Promise<void> {
    return this.#running.says(text)
  }

  async verdict(): Promise<RoleVerdict> {
    const finished = await this.#running.finished
    if (finished.status !== 0) throw new Error(finished.stderr)
    return json<RoleVerdict>(finished)
  }
}

export class SmokeRoom {
  readonly place: Place
  url = ''
  #spool = ''
  readonly #played: PlayedRole[] = []

  /** Its hub starts before the tests of `t`. */
  constructor(t: Test) {
    this.place = new Place(t)
    t.before(async () => {
      this.#spool = join(ownFolder(t), 'spool')
      this.url = (await startTestHub(t, { spoolDir: this.#spool })).url
      t.teardown(() => Promise.all(this.#played.map((role) => role.dispose())))
    })
  }

  /** Starts a role: smoke-b over files, the others over HTTP. */
  start(letter: Letter, settings: Partial<SmokeSettings> = {}): PlayedRole {
    const name: RoleName = `smoke-${letter}`
    const isOverFiles = letter === 'b'
    const client = isOverFiles
      ? ArcClient.overRelay(name, { spoolDir: this.#spool })
      : new ArcClient(name, { baseUrl: this.url })
    const all = { ...smokeSettingsFrom({}), pollSec: POLL_SEC, ...settings }
    const role = new PlayedRole(name, client, isOverFiles ? 'relay' : 'http', all)
    this.#played.push(role)
    return role
  }

  /** Starts a role as a process. smoke-b runs without a network if this machine allows it. */
  startProcess(letter: Letter): Role {
    const isOverFiles = letter === 'b'
    const way = isOverFiles ? ['relay', '--relay-dir', this.#spool] : ['http', '--base-url', this.url]
    const args = ['smoke-agent', '--role', `smoke-${letter}`, '--transport', ...way]
    return new ProcessRole(this.place.start(args, { prefix: (isOverFiles && NO_NETWORK) || [] }))
  }

  /** Resolves when the role waits for another role. */
  settled(letter: Letter, role: Role): Promise<void> {
    return role.says(letter === 'a' ? 'wait for an artifact' : 'wait for a task')
  }

  /** Posts a message in the thread, as another implementation's client might. */
  say(from_agent: string, kind: string, body: string, reply_to?: number): Promise<Message> {
    return call<Message>(this.url, '/v1/messages', { from_agent, kind, body, reply_to, ...IN_THE_THREAD })
  }

  messagesAfter(id: number): Promise<Message[]> {
    return call<Message[]>(this.url, `${THREAD}&since_id=${id}`)
  }

  /** The author and kind of each stored message of the thread after an id. */
  async heldAfter(id: number): Promise<string[]> {
    return (await this.messagesAfter(id)).map(({ from_agent, kind }) => `${from_agent} ${kind}`)
  }

  async latestId(): Promise<number> {
    return (await call<Message[]>(this.url, `${THREAD}&tail=true`)).at(-1)?.id ?? 0
  }
}
