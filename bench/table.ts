// A report as text for a terminal.

import {
  type Figure,
  goalText,
  isReached,
  type Report,
  ratios,
  type ScenarioReport,
  spread,
} from './report.js'

export function tableReport(report: Report): string {
  const { environment: where, scenarios } = report
  const head = [
    `arc ${where.arc}${where.commit ? ` (${where.commit})` : ''}, ${report.size}, ${report.rounds} rounds: ${report.hub}${
      report.compare ? `, compared with ${report.compare}` : ''
    }`,
    `node ${where.node}, ${where.cores} × ${where.processor}, ${where.memoryGb} GB, ${where.system}, ${where.fileSystem}; durability: ${
      where.durability ?? 'not said'
    }`,
  ]
  return [...head, ...scenarios.flatMap(scenarioTable), summary(scenarios)].join('\n')
}

export function scenarioTable({ name, about, figures, impossible, tookSec }: ScenarioReport): string[] {
  const columns = columnsOf(figures)
  const rows = figures.map((figure) => columns.map(({ cell }) => cell(figure)))
  const table = [columns.map(({ title }) => title), ...rows]
  const widths = columns.map((_, i) => Math.max(...table.map((row) => (row[i] ?? '').length)))
  const lines = table.map((row) =>
    row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
  )
  return [
    '',
    `${name}: ${about} (${Math.round(tookSec)} s)`,
    ...(figures.length > 0 ? lines.map((line) => `  ${line}`.trimEnd()) : []),
    ...impossible.map(({ who, what, why }) => `  not measured, ${who}, ${what}: ${why}`),
  ]
}

interface Column {
  readonly title: string
  readonly cell: (figure: Figure) => string
}

/** The columns that have values. */
function columnsOf(figures: readonly Figure[]): Column[] {
  const all: (Column & { readonly always?: boolean })[] = [
    { title: 'case', cell: ({ of }) => of, always: true },
    { title: 'what', cell: ({ what, unit }) => (unit === '' ? what : `${what}, ${unit}`), always: true },
    { title: 'bare', cell: ({ values }) => spread(values.bare ?? []) },
    { title: 'compare', cell: ({ values }) => spread(values.compare ?? []) },
    { title: 'hub', cell: ({ values }) => spread(values.hub ?? []) },
    { title: 'hub / bare', cell: (figure) => spread(ratios(figure, 'bare')) },
    { title: 'hub / compare', cell: (figure) => spread(ratios(figure, 'compare')) },
    { title: 'goal', cell: goalCell },
  ]
  return all.filter(({ always, cell }) => always || figures.some((figure) => cell(figure) !== ''))
}

function goalCell(figure: Figure): string {
  if (!figure.goal) return ''
  const reached = isReached(figure)
  const verdict = reached === undefined ? 'not measured' : reached ? 'reached' : 'NOT REACHED'
  return `${goalText(figure.goal, figure.unit)}: ${verdict}`
}

function summary(scenarios: readonly ScenarioReport[]): string {
  const verdicts = scenarios.flatMap(({ figures }) => figures.map(isReached))
  const count = (verdict: boolean) => verdicts.filter((each) => each === verdict).length
  return `\n${count(true)} goals reached, ${count(false)} not reached`
}
