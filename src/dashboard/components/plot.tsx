// Messages over time, by agent: stacked bars, drawn by hand as SVG.

import type { JSX } from 'preact'
import { type Bar, niceCeiling } from '../model/activity.js'
import { clock } from '../model/times.js'
import { activity, activityVersion, colours, now } from '../room.js'
import { agentLabel } from './agent.js'

export interface PlotProps {
  readonly minutes: number
  readonly bars: number
  readonly width: number
  readonly height: number
  /** Without scales: for a glance. */
  readonly isMini?: boolean
}

const MAX_TITLE_LINES = 20
const MARGIN = { left: 36, bottom: 22, top: 8 }

/** The bars change with the messages, and once a minute by the clock. */
export function barsOf(minutes: number, bars: number): Bar[] {
  void activityVersion.value
  return activity.bars(minutes, bars, now.value)
}

/** Who wrote in this time, the most first. */
export function writersOf(bars: readonly Bar[]): [string, number][] {
  const totals = new Map<string, number>()
  for (const { counts } of bars) {
    for (const [agent, count] of counts) totals.set(agent, (totals.get(agent) ?? 0) + count)
  }
  return [...totals].sort(([a, one], [b, other]) => other - one || a.localeCompare(b))
}

export function MiniPlot(): JSX.Element {
  return <Plot minutes={60} bars={30} width={300} height={48} isMini />
}

export function Plot({ minutes, bars: count, width, height, isMini = false }: PlotProps): JSX.Element {
  const bars = barsOf(minutes, count)
  const order = writersOf(bars).map(([agent]) => agent)
  const left = isMini ? 0 : MARGIN.left
  const bottom = isMini ? 1 : MARGIN.bottom
  const top = isMini ? 0 : MARGIN.top
  const plotHeight = height - top - bottom
  const max = niceCeiling(Math.max(...bars.map(({ total }) => total)))
  const step = (width - left) / count
  const y = (value: number) => top + plotHeight * (1 - value / max)
  const total = bars.reduce((sum, bar) => sum + bar.total, 0)
  return (
    <svg
      class={isMini ? 'plot plot-mini' : 'plot'}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={`${total} messages in the last ${minutes} minutes`}
    >
      {!isMini &&
        [0, max / 2, max].map((value) => (
          <g key={value}>
            <line class="grid" x1={left} x2={width} y1={y(value)} y2={y(value)} />
            {Number.isInteger(value) && (
              <text class="tick" x={left - 6} y={y(value) + 4} text-anchor="end">
                {value.toLocaleString()}
              </text>
            )}
          </g>
        ))}
      {bars.map((bar, i) => (
        <g key={bar.fromMs} data-total={bar.total}>
          <title>{titleOf(bar)}</title>
          <rect class="plot-hover" x={left + i * step} y={top} width={step} height={plotHeight} />
          {stacked(bar, order).map(({ agent, from, to }) => (
            <rect
              key={agent}
              class={`bar ${colours.of(agent)}`}
              x={left + i * step + Math.min(1, step * 0.12)}
              y={y(to)}
              width={Math.max(1, step - Math.min(2, step * 0.24))}
              height={Math.max(0.5, y(from) - y(to))}
            />
          ))}
        </g>
      ))}
      {isMini && <line class="grid" x1={0} x2={width} y1={height - 0.5} y2={height - 0.5} />}
      {!isMini && <TimeScale bars={bars} left={left} step={step} y={height - 6} />}
    </svg>
  )
}

function stacked({ counts }: Bar, order: readonly string[]) {
  let from = 0
  return order.flatMap((agent) => {
    const count = counts.get(agent)
    if (!count) return []
    from += count
    return [{ agent, from: from - count, to: from }]
  })
}

function titleOf({ fromMs, counts, total }: Bar): string {
  const lines = [...counts]
    .slice(0, MAX_TITLE_LINES)
    .map(([agent, count]) => `${agentLabel(agent)}: ${count}`)
  return [`${clock(fromMs)}: ${total} messages`, ...lines].join('\n')
}

function TimeScale({ bars, left, step, y }: { bars: readonly Bar[]; left: number; step: number; y: number }) {
  const every = Math.max(1, Math.ceil(bars.length / 6))
  return (
    <>
      {bars.map(({ fromMs }, i) =>
        i % every === 0 ? (
          <text key={fromMs} class="tick" x={left + i * step} y={y}>
            {clock(fromMs)}
          </text>
        ) : null,
      )}
    </>
  )
}
