// Stopping a hub exactly: the process that a pid file names is signalled only after the hub at the file's
// address has proved to be that process (pid, start time, instance). A stale file whose pid now belongs to a
// stranger therefore harms nobody.

import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { ArcError } from '../protocol/errors.js'
import { goneWithin, isAlive, type PidFile, removePidFile } from './pid-file.js'
import { ask, type Probe, probe } from './probe.js'
import { fittingPidFiles, servesWanted, type Wanted, wantedUrl } from './running-hub.js'

/** Longer than a hub's own drain may take. */
const STOP_TIMEOUT_MS = 30_000
/** How long a hub that has closed its port may take to close its database and end. */
const LEAVE_TIMEOUT_MS = 10_000

export interface Stopped {
  readonly pid: number | null
  readonly url: string
  readonly storagePath: string
}

/**
 * Stops the hub that is meant and returns when it is gone.
 * @throws ArcError `no_hub` when there is none, `unproven_hub` when a pid file names a process that may be another
 */
export async function stopHub(wanted: Wanted): Promise<Stopped> {
  const remarks: string[] = []
  for (const file of fittingPidFiles(wanted)) {
    if (!isAlive(file.pid)) {
      removePidFile(file.path, file.pid)
      continue
    }
    const answer = await probe(file.url)
    if (answer.kind === 'hub' && !servesWanted(answer, wanted)) continue
    // The reference hub can't prove itself: it is asked, not signalled.
    if (answer.kind === 'hub' && !answer.status && !file.instance_id) return stopByRequest(file.url, answer)
    if (!isProven(file, answer)) {
      remarks.push(
        `${file.path} names process ${file.pid}, but that is not the hub at ${file.url}: nobody was signalled. If its hub is gone, delete the file.`,
      )
      continue
    }
    process.kill(file.pid, 'SIGTERM')
    if (!(await goneWithin(file.pid, STOP_TIMEOUT_MS))) {
      throw new ArcError(
        'timeout',
        `the hub (process ${file.pid}) was told to stop, but still runs after ${STOP_TIMEOUT_MS / 1_000} s`,
      )
    }
    removePidFile(file.path, file.pid)
    return { pid: file.pid, url: file.url, storagePath: answer.info.storage_path }
  }
  if (remarks.length > 0) throw new ArcError('unproven_hub', remarks.join(' '))
  const url = wantedUrl(wanted)
  const answer = wanted.port ? await probe(url) : undefined
  if (answer?.kind === 'hub' && servesWanted(answer, wanted)) return stopByRequest(url, answer)
  const where = wanted.port ? ` at ${url}` : ''
  throw new ArcError('no_hub', `no running hub found${where}; name it with --port or --storage`)
}

type HubProbe = Extract<Probe, { kind: 'hub' }>

function isProven(file: PidFile, answer: Probe): answer is HubProbe {
  if (answer.kind !== 'hub' || !answer.status) return false
  const { pid, started_at, instance_id } = answer.status
  return pid === file.pid && started_at === file.started_at && instance_id === file.instance_id
}

/** A hub whose process is not known for certain: asked by the protocol's own means. */
async function stopByRequest(url: string, answer: HubProbe): Promise<Stopped> {
  await askToStop(url)
  const giveUpAt = Date.now() + STOP_TIMEOUT_MS
  while ((await probe(url)).kind !== 'nobody') {
    if (Date.now() > giveUpAt)
      throw new ArcError('timeout', `the hub at ${url} was asked to stop, but still answers`)
    await sleep(20)
  }
  const pid = answer.status?.pid ?? null
  const storagePath = answer.info.storage_path
  // Its port closes before its database does. The number means a process of this machine only where its
  // storage is here too, not behind a forwarded port; that is a guess, so what still runs then is no error.
  if (pid !== null && existsSync(storagePath)) await goneWithin(pid, LEAVE_TIMEOUT_MS)
  return { pid, url, storagePath }
}

/** A shutdown that is pending for later would refuse this one: it gives way. */
async function askToStop(url: string): Promise<void> {
  const shutDown = () => ask(url, 'POST', '/v1/shutdown', { delay_sec: 0 })
  if (await shutDown()) return
  await ask(url, 'POST', '/v1/shutdown/cancel')
  if (await shutDown()) return
  throw new ArcError('unavailable', `the hub at ${url} refused to stop; try again`)
}
