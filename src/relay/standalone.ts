// The stand-alone relay: it serves a spool in front of any hub that speaks v1, over HTTP (PROTOCOL §10, §12). It connects
// the queue's host to the forwarder. `stop` ends it; the next relay finishes its unanswered requests.

import { hostname } from 'node:os'
import { QueueHost } from '../fsqueue/host.js'
import { ArcError } from '../protocol/errors.js'
import { REQUEST_TTL_SEC } from '../protocol/relay.js'
import { pause } from '../sdk/waiting.js'
import { Forwarder } from './forwarder.js'

export interface RelayOptions {
  readonly baseUrl: string
  /** The spool's folder. It must exist. */
  readonly spoolDir: string
  /** Seconds for the hub's answer, besides the wait of a long-poll. Default 10. */
  readonly requestTimeoutSec?: number | undefined
  /** Seconds between looks for requests if the file system reports no changes. Default 1.5. */
  readonly pollIntervalSec?: number | undefined
  /** Seconds after which the relay refuses a request that was not executed. Default 600. */
  readonly requestTtlSec?: number | undefined
  readonly log: (level: 'info' | 'warn', message: string) => void
  /** Called with a failure that no retry mends. The relay is then useless. */
  readonly onFailure: (error: Error) => void
}

export const REQUEST_TIMEOUT_SEC = 10
const MEET_AGAIN_MS = 1_000

export class Relay {
  readonly #options: RelayOptions
  readonly #forwarder: Forwarder
  readonly #host: QueueHost
  readonly #stopping = new AbortController()

  /** @throws ArcError for a malformed base URL */
  constructor(options: RelayOptions) {
    this.#options = options
    const { baseUrl, spoolDir, requestTimeoutSec, pollIntervalSec, requestTtlSec, log, onFailure } = options
    const forwarder = new Forwarder({
      baseUrl,
      requestTimeoutSec: requestTimeoutSec ?? REQUEST_TIMEOUT_SEC,
      requestTtlMs: (requestTtlSec ?? REQUEST_TTL_SEC) * 1_000,
      log,
    })
    this.#forwarder = forwarder
    const { origin, pathname } = new URL(baseUrl)
    this.#host = new QueueHost({
      spool: spoolDir,
      // Never the state of a hub's own file door, whose keys have another scope. It names the machine, since the same URL
      // may lead to another hub on another machine that shares the folder.
      state: `relay-to:${origin}${pathname}@${hostname()}`,
      executor: forwarder.execute,
      // Changes when `meet` has read the hub's limits.
      get maxRequestBytes() {
        return forwarder.maxRequestBytes
      },
      idleScanMs: pollIntervalSec === undefined ? undefined : Math.max(1, pollIntervalSec * 1_000),
      log,
      onFailure,
    })
  }

  /** Starts to serve, even without a hub. @throws Error when the spool can't be used */
  start(): void {
    this.#host.start()
    this.#meetHub().catch(this.#options.onFailure)
  }

  /** Waits for answers in progress, ends long-polls, and leaves the spool to others. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#forwarder.drain()
    await this.#host.stop()
    await this.#forwarder.close()
  }

  /** Logs which hub it is, as soon as the hub answers. */
  async #meetHub(): Promise<void> {
    const { baseUrl, log } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        const { info, replays } = await this.#forwarder.meet(0)
        const kind = replays
          ? 'a repeated request has one effect'
          : 'it knows no idempotency keys: a request whose outcome is unknown is answered so, not repeated'
        log('info', `the hub at ${baseUrl} is ${info.implementation}, ${info.instance_id}; ${kind}`)
        return
      } catch (error) {
        if (!(error instanceof ArcError)) throw error
        await pause(MEET_AGAIN_MS, signal).catch(() => {})
      }
    }
  }
}
