// What is proved of files that another agent holds: the real program's model writes one by its own tool. Without the option it is
// written, and both agents are told; with `arc setup --refuse-held-edits` it is not, and both are told as well.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { REFUSING_HARNESSES } from '../../../src/harness/places.js'
import type { Program } from './programs.js'
import type { Proof } from './proof.js'
import type { Stage } from './stage.js'

const HELD = 'held.txt'
const CHANGED = `${HELD}, which this session has just changed, is held: lock ${HELD} by alice`
const REFUSED = `${HELD} is held: lock ${HELD} by alice`

interface Seen {
  readonly isWritten: boolean
  /** How often each request to the model says that the file was changed, or not. */
  readonly changed: readonly number[]
  readonly refused: readonly number[]
  /** What the holder has heard from the program's agent. */
  readonly notices: readonly string[]
}

async function edited({ alice, agentId, work, run }: Stage, setup: string[]): Promise<Seen> {
  await alice.lock(HELD)
  const script = [{ write: join(work, HELD) }, { text: 'Finished one.' }]
  const { model } = await run(script, () => {}, { setup, isEditing: true })
  const mail = await alice.inbox()
  const times = (text: string) => model.requests.map((request) => request.split(text).length - 1)
  return {
    isWritten: existsSync(join(work, HELD)),
    changed: times(CHANGED),
    refused: times(REFUSED),
    notices: mail.filter(({ from_agent }) => from_agent === agentId).map(({ body }) => body),
  }
}

function proofOf(name: Proof['name'], seen: Seen, isRefused: boolean): Proof[] {
  const { isWritten, changed, refused, notices } = seen
  const [told, untold] = isRefused ? [refused, changed] : [changed, refused]
  const heard = isRefused ? `wanted to change ${HELD}` : `has just changed ${HELD}`
  const passed =
    isWritten !== isRefused &&
    isDeepStrictEqual(told, [0, 1]) &&
    isDeepStrictEqual(untold, [0, 0]) &&
    notices.length === 1 &&
    notices[0]?.includes(heard) === true
  const what = `${isWritten ? '' : 'not '}written; both are told, once`
  return [{ name, passed, what: passed ? what : JSON.stringify(seen) }]
}

export const proveHeldEdit = async (_: Program, room: Stage): Promise<Proof[]> =>
  proofOf('it edits a held file', await edited(room, []), false)

export async function proveRefusal({ harness }: Program, room: Stage): Promise<Proof[]> {
  const name = 'with `--refuse-held-edits`'
  if (!REFUSING_HARNESSES.includes(harness)) return [{ name, passed: true, what: 'it has no such option' }]
  return proofOf(name, await edited(room, ['--refuse-held-edits']), true)
}
