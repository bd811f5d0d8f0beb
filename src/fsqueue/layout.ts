// The on-disk format of a spool: a queue of request files for each client, and a folder of responses.
//
//   <spool>/requests/<queue>/.<random>.tmp        being written, by the client
//                            <stem>.json          submitted
//                            <stem>.work          claimed: the host has it, or has answered it
//                            <stem>.cancelled     withdrawn: no host has seen it, none ever will
//                            <stem>.gone          beside .work: nobody waits for the answer any more
//           responses/<queue>/.<random>.tmp       being written, by the host
//                             <stem>.json         the answer
//           archive/<day>/requests/<queue>/…      what is settled; moved, never deleted
//                         responses/<queue>/…
//                         refused/<queue>/…       what could be neither executed nor answered
//           host.json                             which host serves the spool
//           .gitignore                            ignores all of the spool
//           .refused-<random>-<name>              what stood where one of the above belongs, and was none
//
//   a request:   (tmp) ─rename─▶ .json ─rename─▶ .work ─(response is there)─▶ archive
//                                  └─rename─▶ .cancelled ─────────────────▶ archive
//
// Every step is one rename: it has happened or it has not, and of two processes that try it, one succeeds. A `.work` file
// without a response is an accepted request without an answer, whatever died. The host deletes nothing, since some mounts
// refuse that, except a file that it could not finish writing.

import { crypto } from '../crypto.js'

export const REQUESTS = 'requests'
export const RESPONSES = 'responses'
export const ARCHIVE = 'archive'
export const REFUSED = 'refused'
export const HOST_FILE = 'host.json'
export const IGNORE = '.gitignore'

export const SUBMITTED = '.json'
export const CLAIMED = '.work'
export const CANCELLED = '.cancelled'
export const ABANDONED = '.gone'
export const RESPONSE = '.json'

/** The names of queues: single path components. */
export function isQueueName(name: string): boolean {
  return /^[A-Za-z0-9._-]{1,255}$/.test(name) && name !== '.' && name !== '..'
}

/** The stem of a name with that ending; undefined for other names and for hidden ones. */
export function stemOf(name: string, ending: string): string | undefined {
  if (!name.endsWith(ending) || name.startsWith('.')) return undefined
  return name.slice(0, -ending.length)
}

/** A hidden name that nobody can guess, so that no entry of that name can exist. */
export function temporaryName(): string {
  return `.${crypto().randomUUID()}.tmp`
}

/** The archive's folder of a day, such as `2026-11-24`. */
export function archiveDay(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, 10)
}
