// `arc doctor`: what is still missing for the programs that `arc setup` has joined to the room (src/harness/doctor.ts).

import { examine } from '../../harness/doctor.js'
import { SETUP_NAMES } from '../../harness/places.js'
import type { Finding } from '../../harness/trust.js'
import { isNoHub } from '../../sdk/hub-address.js'
import { baseUrl, clientArguments } from '../agent-arguments.js'
import { command } from '../command.js'
import { ExitStatus, show } from '../output.js'
import { probe } from '../probe.js'
import { whyNoHub } from '../running-hub.js'
import { harnessArgument, namesIn, PROGRAM } from './setup.js'

export default command({
  args: {
    harness: harnessArgument,
    ...clientArguments,
  },
  examples: [
    ['arc doctor', 'every program that is installed'],
    ['arc doctor codex', 'why does Codex not hear the room?'],
  ],
  maxPositionals: SETUP_NAMES.length,
  async run(given) {
    const harnesses = namesIn(given._)
    const hub = await hubOf(given)
    const findings: Shown[] = [hub.finding]
    for (const harness of harnesses)
      findings.push(...(await examine(harness, { program: PROGRAM, folder: process.cwd(), hubUrl: hub.url })))
    await show(given, findings, () => findings.map(lineOf).join(''))
    if (findings.some(({ ok }) => ok === false)) throw new ExitStatus(1)
  },
})

/** What is found of the hub is found for all of them. */
type Shown =
  | Finding
  | { readonly harness: null; readonly about: 'hub'; readonly ok: boolean; readonly text: string }

/** The hub that hooks and servers find from this folder. */
async function hubOf(
  given: Readonly<Record<string, unknown>>,
): Promise<{ url: string | undefined; finding: Shown }> {
  const finding = (ok: boolean, text: string) => ({ harness: null, about: 'hub', ok, text }) as const
  let url: string
  try {
    url = baseUrl(given)
  } catch (error) {
    if (!isNoHub(error)) throw error
    return { url: undefined, finding: finding(false, (error as Error).message) }
  }
  const answer = await probe(url)
  if (answer.kind === 'hub') return { url, finding: finding(true, `the hub answers at ${url}`) }
  return { url: undefined, finding: finding(false, whyNoHub(url, answer)) }
}

function lineOf({ harness, ok, text }: Shown): string {
  const mark = ok === null ? 'note' : ok ? 'ok' : 'MISSING'
  return `${mark.padEnd(7)}  ${harness === null ? '' : `${harness}: `}${text}\n`
}
