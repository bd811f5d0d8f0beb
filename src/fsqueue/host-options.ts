// What a host of a queue is told: which spool, and who executes a request.

import type { Abandonment } from './abandonment.js'
import type { ClaimedFile } from './drain.js'

export interface QueuedRequest {
  readonly queue: string
  /** Names the request in its queue, for ever. */
  readonly stem: string
  /** The file's text, or, where it can't be a request, why. */
  readonly file: ClaimedFile
  /** Another state than the one served now was served when it was claimed: it may have been executed there. */
  readonly foreign: boolean
  /** To be called when the request begins to wait for something that may never happen. */
  readonly waits: () => void
  /** When nobody waits for the answer any more. It is to be given all the same. */
  readonly abandonment: Abandonment
}

export interface HostOptions {
  /** The spool's folder. It must be there, and is not followed if it is a link. */
  readonly spool: string
  /** Names what requests are executed on. Hosts with the same name may serve one spool; others stand by. */
  readonly state: string
  /**
   * Executes a request and returns its response's text, or undefined to leave it to the next host; never
   * rejects. Called in the order of names, and once more for each request whose response was not written
   * when a host died.
   */
  readonly executor: (request: QueuedRequest) => Promise<string | undefined>
  readonly maxRequestBytes: number
  readonly log: (level: 'info' | 'warn', message: string) => void
  /** Told of what no retry heals; the host is of no use any more. */
  readonly onFailure: (error: Error) => void
  /** False: no watch, scans only, as on a file system without events. */
  readonly watch?: boolean | undefined
  /** Milliseconds between scans while there is no work. Default 1,500. */
  readonly idleScanMs?: number | undefined
}
