// `arc smoke`: the smoke run (PROTOCOL §14) in one command. It runs each of the three roles in a process of its own against
// a running hub, and prints a verdict.

import { resolve } from 'node:path'
import { ArcError } from '../../protocol/errors.js'
import { DEFAULT_SPOOL } from '../../protocol/relay.js'
import { ArcClient, type HubInfo } from '../../sdk/index.js'
import { baseUrl } from '../agent-arguments.js'
import { text, usageError } from '../arguments.js'
import { command } from '../command.js'
import { ExitStatus, print, printJson, say, wantsText } from '../output.js'
import { smokeArguments, smokeSettingsFrom, TRANSPORTS, type TransportName } from '../smoke/arguments.js'
import { type NoNetwork, withoutNetwork } from '../smoke/no-network.js'
import { playAll } from '../smoke/processes.js'
import { ROLES } from '../smoke/roles.js'
import { judge, render, type SmokeVerdict } from '../smoke/verdict.js'

const DEFAULT_TRANSPORTS = 'http,relay,http'

const args = {
  ...smokeArguments,
  transports: {
    type: 'string',
    description: `The ways of ${ROLES.join(', ')} (default ${DEFAULT_TRANSPORTS})`,
    valueHint: 'list',
  },
  network: {
    type: 'boolean',
    default: true,
    description: 'The roles over files may have a network',
    negativeDescription: 'Run the roles over files without any network (Linux: unshare)',
  },
} as const

/** Seconds for the first answer of the hub, over either transport. */
const FIRST_ANSWER_SEC = 5

export default command({
  args,
  examples: [
    ['arc smoke', 'by HTTP and by files'],
    ['arc smoke --no-network', 'do files alone reach?'],
  ],
  async run(given) {
    try {
      const verdict = await prove(given)
      if (wantsText(given)) print(`${render(verdict).join('\n')}\n`)
      else {
        if (given.json === undefined) say(...render(verdict))
        printJson(verdict)
      }
      if (!verdict.ok) throw new ExitStatus(1)
    } catch (error) {
      if (error instanceof ArcError) printJson({ ok: false, error: error.message })
      throw error
    }
  },
})

async function prove(given: Readonly<Record<string, unknown>>): Promise<SmokeVerdict> {
  const settings = smokeSettingsFrom(given)
  const transports = transportsFrom(text(given.transports, 'transports') ?? DEFAULT_TRANSPORTS)
  const url = baseUrl(given)
  const startedAt = performance.now()
  await using client = new ArcClient('smoke', { baseUrl: url, timeout: FIRST_ANSWER_SEC, retryFor: 0 })
  const hub = await client.hubInfo()
  const relayDir = resolve(
    text(given['relay-dir'], 'relay-dir') ?? (await spoolOf(client, hub)) ?? DEFAULT_SPOOL,
  )
  let noNetwork: NoNetwork | undefined
  if (transports.includes('relay')) {
    await checkRelay(relayDir, hub)
    if (given.network === false) noNetwork = await withoutNetwork(url)
  }
  const roles = await playAll({ transports, url, relayDir, settings, relayPrefix: noNetwork?.prefix ?? [] })
  const run = roles[0]?.run
  const { threadId } = settings
  const stored = run ? await client.listMessages({ threadId, sinceId: run - 1, limit: 500 }) : []
  return judge(roles, {
    hub,
    stored,
    url,
    relay_dir: relayDir,
    no_network: noNetwork
      ? { by: noNetwork.prefix.join(' '), connecting_to_the_hub: noNetwork.evidence }
      : null,
    elapsed_ms: Math.round(performance.now() - startedAt),
  })
}

function transportsFrom(list: string): TransportName[] {
  const given = list.split(',').map((name) => TRANSPORTS.find((known) => known === name.trim()))
  const known = given.filter((name) => name !== undefined)
  if (known.length === ROLES.length && given.length === ROLES.length) return known
  throw usageError(`--transports must be ${ROLES.length} of ${TRANSPORTS.join(' or ')}, with commas between`)
}

/** The spool that the hub serves; our own hub names it. */
async function spoolOf(client: ArcClient, { features }: HubInfo): Promise<string | undefined> {
  if (!features.includes('arc:status')) return undefined
  return (await client.status()).spool_dir ?? undefined
}

/** @throws ArcError when nobody serves the spool, or when its host serves another hub */
async function checkRelay(spoolDir: string, { instance_id }: HubInfo): Promise<void> {
  await using overFiles = ArcClient.overRelay('smoke', { spoolDir, timeout: FIRST_ANSWER_SEC, retryFor: 0 })
  const { instance_id: reached } = await overFiles.hubInfo()
  if (reached === instance_id) return
  throw new ArcError(
    'unproven_hub',
    `${spoolDir} leads to another hub (${reached}) than the one at the base URL (${instance_id}): ` +
      'give the folder that this one serves with --relay-dir',
  )
}
