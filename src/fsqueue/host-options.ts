// What a host needs to know: which spool it serves, and who executes a request.

import type { Abandonment } from './abandonment.js'
import type { ClaimedFile } from './take.js'

export interface QueuedRequest {
  readonly queue: string
  /** Names the request in its queue. No other request gets this name. */
  readonly stem: string
  /** The file's text, or the reason why it can't be a request. */
  readonly file: ClaimedFile
  /** The request was claimed for another state, and may have been executed there. */
  readonly foreign: boolean
  /** Call it when the request begins to wait for something that may never happen. Other requests may then start. */
  readonly park: () => void
  /** Tells when the client has given up. The executor still returns an answer. */
  readonly abandonment: Abandonment
}

export interface HostOptions {
  /** The spool's folder. The host creates it if its parent exists, and refuses a link. */
  readonly spool: string
  /** Names what requests are executed on. Hosts with the same name serve a spool together; others stand by. */
  readonly state: string
  /**
   * Executes a request and returns its answer, or undefined to leave it to the next host. Must not reject. The host calls it
   * in the order of names. After a crash it calls it again for each claimed request without a response.
   */
  readonly executor: (request: QueuedRequest) => Promise<string | undefined>
  readonly maxRequestBytes: number
  readonly log: (level: 'info' | 'warn', message: string) => void
  /** Gets an error that no retry heals. The host then serves no more. */
  readonly onFailure: (error: Error) => void
  /** False: the host finds requests by scans alone. Default true. */
  readonly watch?: boolean | undefined
  /** Milliseconds between scans while there is no work. Default 1,500. */
  readonly idleScanMs?: number | undefined
}
