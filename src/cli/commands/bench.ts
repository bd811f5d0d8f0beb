// `arc bench`: measures a hub of its own, or running hubs, beside bare baselines of the same work.

import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Address, SCENARIOS } from '../../../bench/index.js'
import { isServer } from '../../storage-file.js'
import { address } from '../agent-arguments.js'
import { text, usageError, wholeNumber } from '../arguments.js'
import { command } from '../command.js'
import { print, printJson, say } from '../output.js'

const args = {
  quick: { type: 'boolean', default: false, description: 'Smaller and shorter: about a minute in all' },
  rounds: { type: 'string', description: 'Rounds of each case (default 3, quick 1)', valueHint: 'number' },
  messages: {
    type: 'string',
    description: 'How far the history grows in growth (default 100000, quick 5000)',
    valueHint: 'number',
  },
  json: { type: 'boolean', default: false, description: 'Print the report as JSON' },
  html: { type: 'string', description: 'Write a report with plots to this file', valueHint: 'file' },
  storage: {
    type: 'string',
    description: 'A PostgreSQL server, on which its own hubs keep their rooms (default: files)',
    valueHint: 'url',
  },
  'base-url': {
    type: 'string',
    description: 'Load this running hub (default: one of its own, in a folder that is removed)',
    valueHint: 'url',
  },
  'spool-dir': { type: 'string', description: 'The spool of that hub', valueHint: 'folder' },
  'compare-url': {
    type: 'string',
    description: 'A second running hub, measured in turns with the first',
    valueHint: 'url',
  },
  'compare-spool': { type: 'string', description: 'The spool of the second hub', valueHint: 'folder' },
  scenario: {
    type: 'positional',
    required: false,
    valueHint: '…',
    description:
      'Any of posts, wake, stream, relay, relay-wait, growth, leases, mailbox, delivery, mixed, idle, start, multihub, scale (default: all)',
  },
} as const

export default command({
  args,
  examples: [
    ['arc bench --quick', 'all scenarios, in about a minute'],
    ['arc bench posts --html report.html', 'one scenario, as a page'],
    ['arc bench scale --storage postgres://db', 'hubs that share a room'],
  ],
  maxPositionals: Number.POSITIVE_INFINITY,
  async run(given) {
    const bench = await import('../../../bench/index.js')
    const storage = storageFrom(given)
    if (storage !== undefined) bench.useServer(storage)
    const isTerminal = process.stderr.isTTY && !given.json
    const html = text(given.html, 'html')
    const report = await bench.runBench({
      scenarios: scenariosFrom(given._, bench.SCENARIOS),
      quick: given.quick,
      rounds: wholeNumber(given.rounds, 'rounds', 1, 100) ?? (given.quick ? 1 : 3),
      messages: wholeNumber(given.messages, 'messages', 2_000, 100_000_000),
      hub: addressFrom(given, 'base-url', 'spool-dir'),
      compare: addressFrom(given, 'compare-url', 'compare-spool'),
      progress: (scenario, step) => {
        if (isTerminal) process.stderr.write(`\r\x1b[K${scenario}: ${step}`)
      },
      finished: (scenario) => {
        if (isTerminal) process.stderr.write('\r\x1b[K')
        say(...(given.json || isTerminal ? bench.scenarioTable(scenario) : [`${scenario.name}: measured`]))
      },
    })
    if (html !== undefined) writeFileSync(resolve(html), bench.htmlReport(report))
    if (given.json) printJson(report)
    else print(`${bench.tableReport(report)}\n`)
  },
})

function scenariosFrom(names: readonly string[], all: typeof SCENARIOS): typeof SCENARIOS {
  if (names.length === 0) return all
  return names.map((name) => {
    const found = all.find((scenario) => scenario.name === name)
    const known = all.map((scenario) => scenario.name).join(', ')
    if (!found) throw usageError(`there is no scenario "${name}"; there are ${known}`)
    return found
  })
}

function addressFrom(
  given: Readonly<Record<string, unknown>>,
  url: 'base-url' | 'compare-url',
  spool: 'spool-dir' | 'compare-spool',
): Address | undefined {
  const base = text(given[url], url)
  const spoolDir = text(given[spool], spool)
  if (base !== undefined) address(base, `--${url}`)
  if (base === undefined && spoolDir !== undefined) throw usageError(`--${spool} needs --${url}`)
  return base === undefined ? undefined : { url: base, spoolDir: spoolDir && resolve(spoolDir) }
}

function storageFrom(given: Readonly<Record<string, unknown>>): string | undefined {
  const storage = text(given.storage, 'storage')
  if (storage === undefined) return undefined
  if (!isServer(storage)) throw usageError('--storage names a server: postgres://user@host')
  if (given['base-url'] !== undefined)
    throw usageError('--storage is for hubs of its own; leave out --base-url')
  return storage
}
