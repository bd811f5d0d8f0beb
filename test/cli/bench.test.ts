// `arc bench`: measures a hub of its own or running ones, says what it could not measure, and refuses what makes no sense.

import { readFileSync } from 'node:fs'
import t from 'tap'
import type { Report } from '../../bench/report.js'
import { SCENARIOS } from '../../bench/scenarios.js'
import { json, Place } from '../support/arc-process.js'
import { startTestHub } from '../support/hub.js'

const place = new Place(t)

t.test('a hub of its own: a table, and the report as a page', async (t) => {
  const { status, stdout } = await place.arc(['bench', 'leases', '--quick', '--html', 'report.html'])
  t.equal(status, 0)
  t.match(stdout, /^arc \d+\.\d+\.\d+.*quick, 1 rounds: a hub of its own\n/)
  t.match(stdout, /durability: journal wal, synchronous full/)
  t.match(stdout, /\n {2}one agent +acquire, free p50, ms +[\d.]+ +[\d.]+ +[\d.]+\n/)
  t.match(stdout, /\n\d+ goals reached, \d+ not reached\n$/)
  t.match(readFileSync(place.path('report.html'), 'utf8'), /acquire, held by another/)
})

t.test('two running hubs in turns, as JSON, and what can not be measured there', async (t) => {
  const [hub, other] = [await startTestHub(t), await startTestHub(t)]
  const args = [
    'bench',
    'leases',
    'relay',
    '--quick',
    '--json',
    '--base-url',
    hub.url,
    '--compare-url',
    other.url,
  ]
  const done = await place.arc(args)
  t.match(done.stderr, /\n {2}one agent +acquire, free p50, ms +[\d.]+ +[\d.]+ +[\d.]+/)
  const report = json<Report>(done)
  t.match(report, { size: 'quick', rounds: 1, hub: hub.url, compare: other.url })
  const [leases, relay] = report.scenarios
  for (const { values } of leases?.figures ?? []) {
    t.strictSame(Object.keys(values).sort(), ['bare', 'compare', 'hub'])
    t.ok(Object.values(values).every((rounds) => rounds.length === 1 && (rounds[0] ?? 0) > 0))
  }
  t.equal(leases?.figures.length, 10)
  t.match(
    relay?.impossible.map(({ who, why }) => [who, why]),
    [
      ['compare', /name it with --compare-spool/],
      ['hub', /name it with --spool-dir/],
    ],
  )
})

t.test('its help names every scenario, in their order', async (t) => {
  const { stdout } = await place.arc(['bench', '--help'])
  const names = SCENARIOS.map(({ name }) => name).join(', ')
  t.match(stdout.replace(/\s+/g, ' '), `SCENARIO Any of ${names} (default: all)`)
})

t.test('what makes no sense is refused, with what to do', async (t) => {
  const refused: readonly [args: string[], says: RegExp, status?: number][] = [
    [['postings'], /there is no scenario "postings"; there are posts, /],
    [['--base-url', 'nowhere'], /--base-url must be an http:\/\/ or https:\/\/ URL such as/],
    [['--spool-dir', 'spool'], /--spool-dir needs --base-url/],
    [['--rounds', '0'], /--rounds must be a whole number from 1 to 100/],
    [['growth', '--messages', '1000'], /--messages must be a whole number from 2000 to 100000000/],
    [
      ['leases', '--quick', '--base-url', 'http://127.0.0.1:9'],
      /no hub answers at http:\/\/127\.0\.0\.1:9/,
      1,
    ],
  ]
  for (const [args, says, status = 2] of refused) {
    t.match(await place.arc(['bench', ...args]), { status, stderr: says })
  }
})
