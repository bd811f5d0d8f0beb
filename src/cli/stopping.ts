// Stops exactly the hub that is meant. It signals a process only if the machine proves that the process is the one of the pid
// file (process-proof.ts), and the hub at the file's address agrees. So three things harm nobody: a stale file whose pid now
// belongs to a stranger, a false file, and a server that names a stranger's pid as its own.
//
// If the machine does not prove the process, it asks the hub over HTTP to stop. A stranger who listens there gets one request.

import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive } from '../process-stat.js'
import { ArcError } from '../protocol/errors.js'
import { type PidFile, removePidFile } from '../sdk/pid-file.js'
import { defaultStorage } from '../storage-file.js'
import { say } from './output.js'
import { ask, envelopeFrom, type Probe, probe } from './probe.js'
import { type Proof, proveListener, proveProcess } from './process-proof.js'
import { goneWithin } from './processes.js'
import { fittingPidFiles, servesWanted, type Wanted, wantedUrl } from './running-hub.js'

/** Milliseconds for a hub to end after it was told to stop: longer than its drain may take. */
const STOP_TIMEOUT_MS = 30_000
/** Milliseconds for a hub that has closed its port to close its database and end. */
const LEAVE_TIMEOUT_MS = 10_000

/** A hub that is about to be stopped. */
export interface Stopping {
  readonly url: string
  readonly storagePath: string
  /** The machine proves the process that answers, so its answer is the word of a process of this user. */
  readonly isProven: boolean
}

export interface Stopped extends Stopping {
  readonly pid: number | null
}

/**
 * Stops the hub that is meant, and returns when it is gone.
 * @param agree called before the hub is stopped; if it throws, the hub keeps running
 * @throws ArcError `no_hub` if there is none, `unproven_hub` if the process of a pid file may be another one
 */
export async function stopHub(wanted: Wanted, agree: (hub: Stopping) => void = () => {}): Promise<Stopped> {
  const remarks: string[] = []
  for (const file of fittingPidFiles(wanted)) {
    if (!isAlive(file.pid)) {
      removePidFile(file.path, file.pid)
      continue
    }
    const answer = await probe(file.url)
    if (answer.kind === 'hub' && !servesWanted(answer, wanted)) continue
    const proof = proofOf(file, answer)
    if (answer.kind !== 'hub' || proof.kind === 'refuted') {
      const reason = proof.kind === 'refuted' ? proof.reason : 'no hub answers'
      remarks.push(
        `${file.path} names process ${file.pid}, but ${reason}: nobody was signalled. If its hub is gone, delete the file.`,
      )
      continue
    }
    if (proof.kind === 'untold') {
      say(`arc: ${proof.reason}, so the hub at ${file.url} is asked over HTTP to stop`)
      return stopByRequest(file.url, answer, agree)
    }
    return stopBySignal(file, answer, agree)
  }
  if (remarks.length > 0) throw new ArcError('unproven_hub', remarks.join(' '))
  const url = wantedUrl(wanted)
  const answer = await probe(url)
  // At the default address is any project's hub. Nobody named it, so it is meant only if it serves this room.
  const { port, storage = port ? undefined : defaultStorage() } = wanted
  if (answer.kind === 'hub' && servesWanted(answer, { storage })) return stopByRequest(url, answer, agree)
  const why = answer.kind === 'unreachable' ? ` (${answer.reason})` : ''
  const where = port ? ` at ${url}${why}` : ''
  throw new ArcError('no_hub', `no running hub found${where}; name it with --port, --base-url or --storage`)
}

type HubProbe = Extract<Probe, { kind: 'hub' }>

/** Proves that the file, the hub's own word and the machine agree on the process. */
function proofOf(file: PidFile, answer: Probe): Proof {
  if (answer.kind !== 'hub' || !agrees(file, answer))
    return { kind: 'refuted', reason: `that is not the hub at ${file.url}` }
  return proveProcess(file)
}

/** Whether the hub's answer fits the file. The reference hub names its process in neither, which fits. */
function agrees(file: PidFile, { status }: HubProbe): boolean {
  if (!status) return file.instance_id === undefined
  const { pid, started_at, instance_id } = status
  return pid === file.pid && started_at === file.started_at && instance_id === file.instance_id
}

async function stopBySignal(
  { path, pid, url }: PidFile,
  { info }: HubProbe,
  agree: (hub: Stopping) => void,
): Promise<Stopped> {
  const hub = { url, storagePath: info.storage_path, isProven: true }
  agree(hub)
  process.kill(pid, 'SIGTERM')
  if (!(await goneWithin(pid, STOP_TIMEOUT_MS))) {
    const text = `the hub (process ${pid}) was told to stop, but still runs after ${STOP_TIMEOUT_MS / 1_000} s`
    throw new ArcError('timeout', text)
  }
  removePidFile(path, pid)
  return { ...hub, pid }
}

/** Stops a hub whose process no pid file proves, by `POST /v1/shutdown`. */
async function stopByRequest(
  url: string,
  { info, status }: HubProbe,
  agree: (hub: Stopping) => void,
): Promise<Stopped> {
  // Its own word for its process counts if that process listens at the address: behind a forwarded port, none does.
  const uid = process.geteuid?.()
  const proof = status && proveListener({ pid: status.pid, url, uid })
  const hub = { url, storagePath: info.storage_path, isProven: proof?.kind === 'proven' }
  agree(hub)
  await askToStop(url)
  const giveUpAt = Date.now() + STOP_TIMEOUT_MS
  while (!['nobody', 'unreachable'].includes((await probe(url)).kind)) {
    if (Date.now() > giveUpAt)
      throw new ArcError('timeout', `the hub at ${url} was asked to stop, but still answers`)
    await sleep(20)
  }
  const pid = status && proof?.kind !== 'refuted' ? status.pid : null
  // Its port closes before its database does. A process that still runs then need not be the hub's, so that is no error.
  if (pid !== null && hub.isProven) await goneWithin(pid, LEAVE_TIMEOUT_MS)
  return { ...hub, pid }
}

/** A pending shutdown would refuse this one, so it is cancelled first. */
async function askToStop(url: string): Promise<void> {
  const shutDown = () => envelopeFrom(url, 'POST', '/v1/shutdown', { delay_sec: 0 })
  if ((await shutDown())?.ok) return
  await ask(url, 'POST', '/v1/shutdown/cancel')
  const answer = await shutDown()
  if (answer?.ok) return
  throw new ArcError('unavailable', `the hub at ${url} refused to stop: ${answer?.error ?? 'try again'}`)
}
