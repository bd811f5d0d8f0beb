// Messages over time, by agent: stacked bars, drawn by hand as SVG.

import type { JSX } from 'preact'
import { type Bar, niceCeiling, OTHERS, writersOf } from '../model/activity.js'
import { type Axis, axisOf } from '../model/axis.js'
import { clock } from '../model/times.js'
import { activity, activityVersion, colours, now } from '../room.js'
import { agentLabel } from './agent.js'
import { AXIS_PX, TimeScale } from './time-scale.js'

/** Agents with a colour of their own in a plot. */
export const MAX_WRITERS = 16
const MAX_TITLE_LINES = 20
const TOP_PX = 8
const MINI = { width: 300, height: 48 } as const

/** The bars change with the messages, and once a minute by the clock. */
export function barsOf(minutes: number, bars: number): Bar[] {
  void activityVersion.value
  return activity.bars(minutes, bars, now.value)
}

/** The plot without scales. */
export function MiniPlot(): JSX.Element {
  const { width, height } = MINI
  const axis = axisOf(60, now.value, { left: 0, width, pastShare: 1 })
  const bars = barsOf(60, 30)
  return (
    <svg class="plot plot-mini" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={labelOf(bars, 60)}>
      <Bars bars={bars} axis={axis} top={0} bottom={height - 1} max={ceilingOf(bars)} />
      <line class="grid" x1={0} x2={width} y1={height - 0.5} y2={height - 0.5} />
    </svg>
  )
}

interface PlotProps {
  readonly bars: readonly Bar[]
  readonly minutes: number
  readonly axis: Axis
  readonly left: number
  readonly width: number
  readonly height: number
}

export function Plot({ bars, minutes, axis, left, width, height }: PlotProps): JSX.Element {
  const bottom = height - AXIS_PX
  const max = ceilingOf(bars)
  const y = (value: number) => TOP_PX + (bottom - TOP_PX) * (1 - value / max)
  return (
    <svg class="plot" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={labelOf(bars, minutes)}>
      {[0, max / 2, max].map((value) => (
        <g key={value}>
          <line class="grid" x1={left} x2={width} y1={y(value)} y2={y(value)} />
          {Number.isInteger(value) && (
            <text class="tick" x={left - 6} y={y(value) + 4} text-anchor="end">
              {value.toLocaleString()}
            </text>
          )}
        </g>
      ))}
      <Bars bars={bars} axis={axis} top={TOP_PX} bottom={bottom} max={max} />
      <TimeScale axis={axis} top={TOP_PX} bottom={bottom} />
    </svg>
  )
}

interface BarsProps {
  readonly bars: readonly Bar[]
  readonly axis: Axis
  readonly top: number
  readonly bottom: number
  readonly max: number
}

function Bars({ bars, axis, top, bottom, max }: BarsProps): JSX.Element {
  const order = writersOf(bars, MAX_WRITERS).named.map(([agent]) => agent)
  const y = (value: number) => top + (bottom - top) * (1 - value / max)
  return (
    <>
      {bars.map((bar) => {
        const from = axis.x(bar.fromMs)
        const width = Math.max(1, axis.x(bar.toMs) - from)
        return (
          <g key={bar.fromMs} data-total={bar.total}>
            <title>{titleOf(bar)}</title>
            <rect class="plot-hover" x={from} y={top} width={width} height={bottom - top} />
            {stacked(bar, order).map(({ agent, low, high }) => (
              <rect
                key={agent}
                class={`bar ${agent === OTHERS ? 'hue-system' : colours.of(agent)}`}
                x={from + Math.min(1, width * 0.12)}
                y={y(high)}
                width={Math.max(1, width - Math.min(2, width * 0.24))}
                height={Math.max(0.5, y(low) - y(high))}
              />
            ))}
          </g>
        )
      })}
    </>
  )
}

function stacked({ counts, total }: Bar, order: readonly string[]) {
  let low = 0
  const named = order.flatMap((agent) => {
    const count = counts.get(agent)
    if (!count) return []
    low += count
    return [{ agent, low: low - count, high: low }]
  })
  return low < total ? [...named, { agent: OTHERS, low, high: total }] : named
}

const ceilingOf = (bars: readonly Bar[]) => niceCeiling(Math.max(...bars.map(({ total }) => total)))

function labelOf(bars: readonly Bar[], minutes: number): string {
  const total = bars.reduce((sum, bar) => sum + bar.total, 0)
  return `${total} messages ${sinceText(bars) ?? `in the last ${minutes} minutes`}`
}

/** Since when messages are counted, if that is later than the first bar. */
export function sinceText([first]: readonly Bar[]): string | undefined {
  const { wholeFromMs } = activity
  return first && wholeFromMs > first.fromMs ? `since ${clock(wholeFromMs)}` : undefined
}

function titleOf({ fromMs, counts, total }: Bar): string {
  const lines = [...counts]
    .slice(0, MAX_TITLE_LINES)
    .map(([agent, count]) => `${agent === OTHERS ? 'others' : agentLabel(agent)}: ${count}`)
  return [`${clock(fromMs)}: ${total} messages`, ...lines].join('\n')
}
