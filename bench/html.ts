// A report as one page of HTML without scripts, requests or fonts. Goals come first. Then comes each scenario: its
// figures, what it could not measure, and the distributions.

import { html, Markup, type Part } from './markup.js'
import { distributionPlot, quantileAt, roundsStrip, shareName, swatch, whoIn } from './plot.js'
import {
  type Distribution,
  type Environment,
  type Figure,
  goalText,
  type Impossible,
  isReached,
  type Report,
  ratios,
  type ScenarioReport,
  shown,
  WHO,
  type Who,
} from './report.js'
import { median } from './statistics.js'
import { STYLE } from './style.js'

/** The page's content security policy: it stops text that gets through as markup. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

const SHARES = [0.5, 0.9, 0.99, 0.999, 1]

export function htmlReport(report: Report): string {
  const { environment, scenarios, size, rounds } = report
  const title = `Arc ${environment.arc} benchmark`
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p class="lead">${size === 'full' ? 'Full' : 'Quick'} run of ${counted(scenarios.length, 'scenario')}, ${counted(rounds, 'round')} each${took(scenarios)}.</p>
${legend(report)}
</header>
<main>
<section aria-labelledby="environment">
<h2 id="environment">Environment</h2>
${environmentList(environment)}
</section>
<section aria-labelledby="goals">
<h2 id="goals">Goals</h2>
${goals(scenarios)}
</section>
${scenarios.map(scenarioSection)}
</main>
<footer>
<h2>How to read this</h2>
<p>A figure is the median of the rounds, with the lowest and the highest round beneath it; the dots are the rounds, on a scale from zero. A ratio is taken round by round.</p>
<p>A distribution shows which share of all samples lies at or below a value: of two lines, the one further to the left has the lower values. The value is on a logarithmic scale, and the share is stretched towards the top, where the slowest samples are. A line ends at its highest sample, and a quantile for which there are too few samples is not given.</p>
</footer>
</body>
</html>
`
  return page.text
}

function legend({ hub, compare }: Report): Markup {
  const of: readonly (readonly [Who, string])[] = [
    ['hub', hub],
    ...(compare === null ? [] : [['compare', compare] as const]),
    ['bare', 'the same work without a hub'],
  ]
  return html`<dl class="legend">${of.map(([who, text]) => html`<div><dt>${swatch(who)}${who}</dt><dd>${text}</dd></div>`)}</dl>`
}

function environmentList(environment: Environment): Markup {
  const entries: readonly (readonly [string, Part])[] = [
    ['Arc', environment.arc],
    ['Commit', environment.commit === null ? 'not known' : html`<code>${environment.commit}</code>`],
    ['Node', environment.node],
    ['Processor', `${environment.processor}, ${counted(environment.cores, 'core')}`],
    ['Memory', `${shown(environment.memoryGb)} GB`],
    ['System', environment.system],
    ['File system', environment.fileSystem],
    ['Durability', environment.durability ?? 'the hub does not say'],
    ['Measured at', minute(environment.measuredAt)],
  ]
  return html`<dl class="environment">${entries.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

function goals(scenarios: readonly ScenarioReport[]): Markup {
  const withGoals = scenarios.flatMap((scenario, i) =>
    scenario.figures.flatMap((figure) => (figure.goal ? [{ scenario, i, figure }] : [])),
  )
  if (withGoals.length === 0) return html`<p class="nothing">No figure of this run has a goal.</p>`
  const reached = withGoals.filter(({ figure }) => isReached(figure)).length
  const open = withGoals.filter(({ figure }) => isReached(figure) === undefined).length
  const missed = withGoals.length - reached - open
  const rest = [
    ...(missed > 0 ? [`${missed} not reached`] : []),
    ...(open > 0 ? [`${open} not measured`] : []),
  ]
  const rows = withGoals.map(
    ({ scenario, i, figure }) => html`<tr>
<th scope="row"><a href="#scenario-${i}">${scenario.name}</a> <span class="of">${figure.of}</span></th>
<td class="what">${figure.what}</td>
<td class="number" data-label="goal">${figure.goal && goalText(figure.goal, figure.unit)}</td>
${cell('hub', figure.values.hub ?? [], figure.unit)}
${cell('hub ÷ bare', ratios(figure, 'bare'), '×')}
<td class="outcome">${outcome(figure)}</td>
</tr>`,
  )
  return html`<p class="score"><strong>${reached} of ${withGoals.length}</strong> reached${rest.map((text) => `, ${text}`)}</p>
<table class="goals">
<thead><tr><th scope="col">Scenario and case</th><th scope="col">What</th><th scope="col" class="number">Goal</th><th scope="col" class="number">Hub</th><th scope="col" class="number">Hub ÷ bare</th><th scope="col">Outcome</th></tr></thead>
<tbody>${rows}</tbody>
</table>`
}

/** In words and with a sign: colour alone says nothing to some readers. */
function outcome(figure: Figure): Markup {
  const reached = isReached(figure)
  if (reached === undefined) return html`<span class="open">– not measured</span>`
  return reached
    ? html`<span class="reached">✓ reached</span>`
    : html`<span class="missed">✗ not reached</span>`
}

function scenarioSection(scenario: ScenarioReport, i: number): Markup {
  const { name, about, tookSec, figures, distributions, impossible } = scenario
  const isEmpty = figures.length === 0 && distributions.length === 0
  return html`<section aria-labelledby="scenario-${i}">
<h2 id="scenario-${i}">${name} <small>${duration(tookSec)}</small></h2>
<p class="about">${about}</p>
${isEmpty ? html`<p class="nothing">Nothing was measured in this scenario.</p>` : undefined}
${figures.length > 0 ? figureTable(figures) : undefined}
${impossible.length > 0 ? impossibleList(impossible) : undefined}
${distributions.length > 0 ? html`<div class="distributions">${distributions.map(distributionFigure)}</div>` : undefined}
</section>`
}

/** One table body for each case, in order of first appearance. A `who` without figures here has no column. */
function figureTable(figures: readonly Figure[]): Markup {
  const present = WHO.filter((who) => figures.some(({ values }) => (values[who]?.length ?? 0) > 0))
  const others = (['bare', 'compare'] as const).filter((who) =>
    figures.some((figure) => ratios(figure, who).length > 0),
  )
  const cases = new Map<string, Figure[]>()
  for (const figure of figures) cases.set(figure.of, [...(cases.get(figure.of) ?? []), figure])
  const row = (figure: Figure, place: number) => html`<tr>
<th scope="row" class="${place > 0 ? 'again' : ''}"><span>${figure.of}</span></th>
<td class="what">${figure.what}${figure.unit && html` <span class="unit">${figure.unit}</span>`}${
    figure.goal && html`<small>goal ${goalText(figure.goal, figure.unit)}: ${outcome(figure)}</small>`
  }</td>
${present.map((who) => cell(who, figure.values[who] ?? []))}
${others.map((who) => cell(`hub ÷ ${who}`, ratios(figure, who), '×'))}
<td class="rounds">${roundsStrip(figure.values)}</td>
</tr>`
  return html`<table class="figures">
<thead><tr><th scope="col">Case</th><th scope="col">What</th>${present.map(
    (who) => html`<th scope="col" class="number">${swatch(who)}${who}</th>`,
  )}${others.map((who) => html`<th scope="col" class="number">hub ÷ ${who}</th>`)}<th scope="col">Rounds</th></tr></thead>
${[...cases.values()].map((of) => html`<tbody>${of.map(row)}</tbody>`)}
</table>`
}

/** The median, and below it the lowest and the highest round. The label shows where narrow screens draw rows as cards. */
function cell(label: string, values: readonly number[], unit: string = ''): Markup {
  if (values.length === 0)
    return html`<td class="number" data-label="${label}"><span class="none">–</span></td>`
  const range = html`<small>${shown(Math.min(...values))}–${shown(Math.max(...values))}</small>`
  return html`<td class="number" data-label="${label}"><b>${shown(median(values))}</b>${unit && html` <span class="unit">${unit}</span>`}${values.length > 1 ? range : undefined}</td>`
}

function impossibleList(impossible: readonly Impossible[]): Markup {
  return html`<div class="impossible"><h3>Not measured</h3><ul>${impossible.map(
    ({ who, what, why }) => html`<li>${swatch(who)}<b>${who}</b>, ${what}: ${why}</li>`,
  )}</ul></div>`
}

function distributionFigure(distribution: Distribution): Markup {
  const { of, what, unit, counts } = distribution
  const present = whoIn(distribution)
  const caption = html`<figcaption><b>${of}</b> ${what}</figcaption>`
  if (present.length === 0)
    return html`<figure>${caption}<p class="nothing">There are no samples.</p></figure>`
  const rows = present.map(
    (who) =>
      html`<tr><th scope="row">${swatch(who)}${who}</th><td>${counts[who] === undefined ? '–' : counts[who].toLocaleString('en')}</td>${SHARES.map(
        (share) => html`<td>${shown(quantileAt(distribution, who, share) ?? Number.NaN)}</td>`,
      )}</tr>`,
  )
  return html`<figure>${caption}
${distributionPlot(distribution)}
<table class="quantiles">
<thead><tr><th scope="col">${unit}</th><th scope="col">samples</th>${SHARES.map(
    (share) => html`<th scope="col">${share === 1 ? 'highest' : shareName(share)}</th>`,
  )}</tr></thead>
<tbody>${rows}</tbody>
</table></figure>`
}

const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`

function took(scenarios: readonly ScenarioReport[]): string {
  const seconds = scenarios.reduce((sum, { tookSec }) => sum + tookSec, 0)
  return seconds > 0 ? `, in ${duration(seconds)}` : ''
}

function duration(seconds: number): string {
  if (seconds < 120) return `${shown(seconds)} s`
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`
}

/** The time in minutes; text that is no time stays unchanged. */
function minute(time: string): string {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? time : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
