// One connection to the database that comes back: it connects at the first statement, and again after it was lost.

import type { Client, QueryResult } from 'pg'
import { ArcError } from '../../protocol/errors.js'
import type { ConnectOptions, Driver } from './driver.js'
import { isConnectionLost } from './errors.js'
import type { Statement } from './statement-text.js'

/** An open connection. It sends statements without waiting for the answers of those before. */
export class Connection {
  readonly client: Client
  readonly #isPrepared: () => boolean
  #isLost = false
  /** The server has given up waiting for its standby in a COMMIT, which it then reports as done. */
  #isUnreplicated = false
  /** Resolves when the connection is gone. */
  readonly lost: Promise<void>

  constructor(client: Client, isPrepared: () => boolean) {
    this.client = client
    this.#isPrepared = isPrepared
    client.on('error', () => this.#lose())
    client.on('notice', ({ message }) => {
      if (message?.includes('synchronous replication')) this.#isUnreplicated = true
    })
    this.lost = new Promise((resolve) => {
      client.on('end', () => {
        this.#lose()
        resolve()
      })
    })
  }

  get isLost(): boolean {
    return this.#isLost
  }

  async send({ name, text, values }: Statement): Promise<QueryResult> {
    return this.#watch(this.client.query(this.#isPrepared() ? { name, text, values } : { text, values }))
  }

  /** Sends several statements in one string. It has no values. */
  async script(text: string): Promise<QueryResult[]> {
    const results: unknown = await this.#watch(this.client.query(text))
    return (Array.isArray(results) ? results : [results]) as QueryResult[]
  }

  /**
   * Whether one process of the server answers it from its beginning to its end. A pooler gives a number of its own as that
   * process, since it may give each transaction another one.
   */
  async hasOwnProcess(): Promise<boolean> {
    const [result] = await this.script('SELECT pg_backend_pid() AS pid')
    return result?.rows[0].pid === (this.client as Client & { readonly processID: number | null }).processID
  }

  /** After a commit. @throws ArcError `outcome_unknown` if only this server has it, though it waits for a standby */
  mustBeReplicated(): void {
    if (!this.#isUnreplicated) return
    this.close()
    const text =
      'the database has stored it, and its standby did not in time: repeat the request with the same Idempotency-Key'
    throw new ArcError('outcome_unknown', text)
  }

  /** Ends it. What it has not answered fails. */
  close(): void {
    this.#isLost = true
    void this.client.end().catch(() => {})
  }

  async #watch<T>(sent: Promise<T>): Promise<T> {
    try {
      return await sent
    } catch (error) {
      if (isConnectionLost(error)) this.#lose()
      throw error
    }
  }

  #lose(): void {
    this.#isLost = true
  }
}

export interface ReconnectingOptions extends ConnectOptions {
  readonly driver: Driver
  /** False while a pooler may give each transaction another server connection. */
  readonly isPrepared: () => boolean
  /** Makes a new connection ready, or refuses it. The next host is tried then. */
  readonly prepare: (connection: Connection) => Promise<void>
}

export class Reconnecting {
  readonly #options: ReconnectingOptions
  #current: Connection | undefined
  #connecting: Promise<Connection> | undefined
  #isClosed = false

  constructor(options: ReconnectingOptions) {
    this.#options = options
  }

  /** The open connection, or a new one. @throws the last host's error */
  get(): Promise<Connection> {
    if (this.#current && !this.#current.isLost) return Promise.resolve(this.#current)
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  /** Ends the connection, so that the next statement gets a new one. */
  drop(): void {
    this.#current?.close()
    this.#current = undefined
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#connecting?.catch(() => {})
    const current = this.#current
    this.#current = undefined
    if (current && !current.isLost) await current.client.end().catch(() => {})
  }

  async #connect(): Promise<Connection> {
    const { driver, isPrepared, prepare } = this.#options
    let failure: unknown
    for (const host of driver.hosts.keys()) {
      let connection: Connection | undefined
      try {
        connection = new Connection(await driver.connect(host, this.#options), isPrepared)
        await prepare(connection)
        if (this.#isClosed) connection.close()
        this.#current = connection
        return connection
      } catch (error) {
        connection?.close()
        failure = error
      }
    }
    throw failure
  }
}
