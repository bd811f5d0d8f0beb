// The report of a benchmark as a page: made of made-up figures, and read as text.

import t from 'tap'
import { htmlReport } from '../../bench/html.js'
import {
  type Distribution,
  type Figure,
  quantilesOf,
  type Report,
  type ScenarioReport,
} from '../../bench/report.js'

const HOSTILE = `</style><script src="http://evil.example/x.js"></script>&lt;'"`

const throughput: Figure = {
  of: '64 connections',
  what: 'throughput',
  unit: '/s',
  values: { bare: [16_000, 17_000, 18_000], compare: [300, 310, 320], hub: [9_000, 9_500, 10_000] },
}

const latency = distribution('64 connections', {
  bare: samples(2_000, 1),
  compare: samples(500, 100),
  hub: samples(2_000, 3),
})

t.test('the page needs nothing from elsewhere', async (t) => {
  const page = pageOf({ figures: [throughput], distributions: [latency] })
  t.notMatch(page, /\b(?:src|href)\s*=\s*["']?\s*(?:https?:)?\/\//i)
  t.notMatch(page, /<script|@import|url\(/i)
  t.match(page, `content="default-src &#39;none&#39;`, 'and is told to ask for nothing')
})

t.test('text is escaped, wherever it comes from', async (t) => {
  const figure: Figure = { ...throughput, of: HOSTILE, what: HOSTILE, goal: { of: 'ratio', atLeast: 0.5 } }
  const hostile = scenario({
    name: HOSTILE,
    about: HOSTILE,
    figures: [figure],
    distributions: [{ ...latency, of: HOSTILE, what: HOSTILE }],
    impossible: [{ who: 'hub', what: HOSTILE, why: HOSTILE }],
  })
  const environment = Object.fromEntries(
    Object.entries(report().environment).map(([name, value]) => [
      name,
      typeof value === 'string' ? HOSTILE : value,
    ]),
  ) as unknown as Report['environment']
  const page = htmlReport({ ...report(hostile), environment, hub: HOSTILE, compare: HOSTILE })
  t.notMatch(page, '<script')
  t.notMatch(page, '"http://evil.example', 'no quote ends an attribute')
  t.notMatch(page, '&lt;', 'an entity in a text is shown as it was written')
  t.equal(page.split('</style>').length, 2)
  t.match(page, '&#60;script src=&#34;http://evil.example/x.js&#34;&#62;')
  t.match(page, '&#38;lt;&#39;&#34;')
})

t.test('each distribution has its plot, with a line and a count for each who', async (t) => {
  const without = distribution('8 connections', { bare: samples(1_500, 1), hub: samples(1_200, 2) })
  const figures = figuresIn(pageOf({ distributions: [latency, without] }))
  t.same(figures.map(linesIn), [
    ['bare', 'compare', 'hub'],
    ['bare', 'hub'],
  ])
  t.match(figures[0], '<b>64 connections</b> latency')
  t.match(figures[1], '<td>1,500</td>')
  t.match(figures[1], '<td>1,200</td>')
})

t.test('p50 and p99 are written beside each line', async (t) => {
  const [figure = ''] = figuresIn(pageOf({ distributions: [latency] }))
  const labels = [...figure.matchAll(/class="value (\w+)[^>]*>([^<]*)</g)].map(([, who, value]) => [
    who,
    value,
  ])
  t.same(labels, [
    ['bare', '1.5'],
    ['hub', '4.5'],
    ['compare', '150'],
    ['bare', '1.99'],
    ['hub', '5.97'],
    ['compare', '199'],
  ])
})

t.test('the values are on a scale of 1, 2, 5 and their powers of ten', async (t) => {
  const spread = { bare: samples(1_000, 0.04), hub: samples(1_000, 3) }
  const [figure = ''] = figuresIn(pageOf({ distributions: [distribution('one', spread)] }))
  const ticks = [...figure.matchAll(/class="axis (?:minor)?"[^>]*>([^<]*)</g)].map(([, tick]) => tick)
  t.same(ticks, ['0.02', '0.05', '0.1', '0.2', '0.5', '1', '2', '5', '10'])
})

t.test(
  'a line ends where its samples do, and quantiles that they are too few for are not given',
  async (t) => {
    const few = distribution('cold start', { hub: samples(10, 20) })
    const [figure = ''] = figuresIn(pageOf({ distributions: [few] }))
    t.match(figure, /<td>10<\/td><td>30<\/td><td>38<\/td><td>–<\/td><td>–<\/td><td>38<\/td>/)
    const heights = [...(/ d="M([^"]*)"/.exec(figure)?.[1] ?? '').matchAll(/ ([\d.]+)/g)].map(([, y]) =>
      Number(y),
    )
    t.equal(Math.min(...heights), 705.9, 'the share of nine tenths')
  },
)

t.test(
  'a distribution without samples, or with values that have no logarithm, is drawn all the same',
  async (t) => {
    const page = pageOf({
      distributions: [
        distribution('none', {}),
        distribution('zero', { hub: [0, 0, 0] }),
        distribution('broken', { hub: [Number.NaN, Number.POSITIVE_INFINITY, 0, 1] }),
      ],
    })
    t.match(page, 'There are no samples.')
    t.same(figuresIn(page).map(linesIn), [[], ['hub'], ['hub']])
    t.notMatch(page, /"[^"<>]*(?:NaN|Infinity)[^"<>]*"/)
  },
)

t.test('whether a goal is reached is told in words', async (t) => {
  const page = pageOf({
    figures: [
      { ...throughput, of: 'easy', goal: { of: 'ratio', atLeast: 0.5 } },
      { ...throughput, of: 'hard', goal: { of: 'value', atLeast: 20_000 } },
      { ...throughput, of: 'gone', values: {}, goal: { of: 'value', atMost: 5 } },
    ],
  })
  t.match(page, '<strong>1 of 3</strong> reached, 1 not reached, 1 not measured')
  t.match(rowOf(page, 'easy'), /≥ 0\.5 × bare.*9,500.*0\.559.*✓ reached/s)
  t.match(rowOf(page, 'hard'), /≥ 20,?000 \/s.*9,500.*✗ not reached/s)
  t.match(rowOf(page, 'gone'), /≤ 5 \/s.*– not measured/s)
})

t.test(
  'a figure is told with its lowest and highest round, and over the baseline and the other hub',
  async (t) => {
    const page = pageOf({ figures: [throughput] })
    t.match(page, '<b>17,000</b><small>16,000–18,000</small>')
    t.match(page, '<b>310</b><small>300–320</small>')
    t.match(page, 'data-label="hub ÷ bare"><b>0.559</b>')
    t.match(page, 'data-label="hub ÷ compare"><b>30.6</b>')
    t.match(page, 'hub: 9,000; 9,500; 10,000</title>', 'and the rounds as dots')
  },
)

t.test(
  'a scenario in which nothing was measured says so, and what was impossible has its reason',
  async (t) => {
    const why = 'its spool is not known'
    const page = pageOf({ name: 'relay', impossible: [{ who: 'compare', what: 'the file relay', why }] })
    t.match(page, 'Nothing was measured in this scenario.')
    t.match(page, /<b>compare<\/b>, the file relay: its spool is not known/)
    t.match(page, 'No figure of this run has a goal.')
  },
)

function scenario(given: Partial<ScenarioReport>): ScenarioReport {
  return {
    name: 'posts',
    about: 'durable posts',
    tookSec: 3,
    figures: [],
    distributions: [],
    impossible: [],
    ...given,
  }
}

function report(...scenarios: ScenarioReport[]): Report {
  return {
    size: 'quick',
    rounds: 3,
    environment: {
      arc: '0.1.0',
      commit: null,
      node: 'v20.19.0',
      cores: 2,
      processor: 'a processor',
      memoryGb: 8,
      system: 'Linux',
      fileSystem: 'ext4',
      durability: null,
      measuredAt: '2026-03-02T10:15:00.000Z',
    },
    hub: 'http://127.0.0.1:7777',
    compare: 'http://127.0.0.1:9000',
    scenarios,
  }
}

function pageOf(given: Partial<ScenarioReport>): string {
  return htmlReport(report(scenario(given)))
}

/** From `lowest` to twice as much, evenly. */
function samples(count: number, lowest: number): number[] {
  return Array.from({ length: count }, (_, i) => lowest * (1 + i / count))
}

function distribution(of: string, by: { bare?: number[]; compare?: number[]; hub?: number[] }): Distribution {
  const entries = Object.entries(by)
  return {
    of,
    what: 'latency',
    unit: 'ms',
    quantiles: Object.fromEntries(entries.map(([who, values]) => [who, quantilesOf(values)])),
    counts: Object.fromEntries(entries.map(([who, values]) => [who, values.length])),
  }
}

const figuresIn = (page: string) => page.match(/<figure>.*?<\/figure>/gs) ?? []

const linesIn = (figure: string) => [...figure.matchAll(/<path class="line (\w+)"/g)].map(([, who]) => who)

/** Of the goals, which come first. */
const rowOf = (page: string, of: string) =>
  (page.match(/<tr>.*?<\/tr>/gs) ?? []).find((row) => row.includes(`>${of}<`)) ?? ''
