// The options of a queue's host, and the request that it gives to its executor.

import type { Abandonment } from './abandonment.js'
import type { ClaimedFile } from './drain.js'

export interface QueuedRequest {
  readonly queue: string
  /** The request's name, used once in its queue. */
  readonly stem: string
  /** The file's text, or why the file can't be a request. */
  readonly file: ClaimedFile
  /** The request was claimed for another state, which may have executed it. */
  readonly foreign: boolean
  /** Call it when the request begins to wait for an event that may never come. */
  readonly waits: () => void
  /** Says that nobody waits for the answer any more. The executor must still answer. */
  readonly abandonment: Abandonment
}

export interface HostOptions {
  /** The spool's folder. It must exist. A link is refused. */
  readonly spool: string
  /** The name of the state on which requests are executed. Hosts of one state may share a spool; others stand by. */
  readonly state: string
  /**
   * Executes a request and resolves with the response's text, or with undefined to leave it to the next host. Must not
   * reject. Called in the order of names, and again for each request that a dead host left unanswered.
   */
  readonly executor: (request: QueuedRequest) => Promise<string | undefined>
  readonly maxRequestBytes: number
  readonly log: (level: 'info' | 'warn', message: string) => void
  /** Called with a failure that no retry mends. The host is then useless. */
  readonly onFailure: (error: Error) => void
  /** False: scans alone, as on a file system without events. Default true. */
  readonly watch?: boolean | undefined
  /** Milliseconds between scans while there is no work. Default 1,500. */
  readonly idleScanMs?: number | undefined
}
