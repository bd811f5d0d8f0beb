// A stand-alone relay: serves a spool in front of any hub that speaks v1, ours or another, over HTTP (PROTOCOL §10, §12). It
// joins the queue's host and the forwarder. Ends with `stop`. The next relay finishes the requests that it leaves unanswered.

import { hostname } from 'node:os'
import { QueueHost } from '../fsqueue/host.js'
import { ArcError } from '../protocol/errors.js'
import { REQUEST_TTL_SEC } from '../protocol/relay.js'
import { pause } from '../sdk/waiting.js'
import { Forwarder } from './forwarder.js'

export interface RelayOptions {
  readonly baseUrl: string
  /** The spool. Its parent folder must exist. */
  readonly spoolDir: string
  /** Seconds for the hub's answer, beyond what a long-poll waits by itself. Default 10. */
  readonly requestTimeoutSec?: number | undefined
  /** Seconds between scans for requests that no watch reports. Default 1.5. */
  readonly pollIntervalSec?: number | undefined
  /** Seconds after which a request is no longer executed. Default 600. */
  readonly requestTtlSec?: number | undefined
  readonly log: (level: 'info' | 'warn', message: string) => void
  /** Told of what no retry heals; the relay is of no use any more. */
  readonly onFailure: (error: Error) => void
}

export const REQUEST_TIMEOUT_SEC = 10
const MEET_AGAIN_MS = 1_000

export class Relay {
  readonly #options: RelayOptions
  readonly #forwarder: Forwarder
  readonly #host: QueueHost
  readonly #stopping = new AbortController()

  /** @throws ArcError for a base URL that is none */
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
      // Never the state of a hub's own relay, since its keys have another scope. With the host name, since on another machine
      // that shares the folder, the same URL may lead to another hub.
      state: `relay-to:${origin}${pathname}@${hostname()}`,
      executor: forwarder.execute,
      // It may grow when the relay meets the hub.
      get maxRequestBytes() {
        return forwarder.maxRequestBytes
      },
      idleScanMs: pollIntervalSec === undefined ? undefined : Math.max(1, pollIntervalSec * 1_000),
      log,
      onFailure,
    })
  }

  /** Starts to serve, even while no hub answers. @throws Error when the spool can't be used */
  start(): void {
    this.#host.start()
    this.#meetHub().catch(this.#options.onFailure)
  }

  /** Ends long-polls, waits for the answers to other requests, then leaves the spool. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#forwarder.drain()
    await this.#host.stop()
    await this.#forwarder.close()
  }

  /** Logs which hub it is, as soon as one answers. */
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
