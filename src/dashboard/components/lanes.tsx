// Holds over time: a lane for each key, and a bar in the holder's colour for each time that an agent held it. The rest of a
// lease is drawn behind its bar. The caller gives the axis of time, which other pictures share.

import type { JSX } from 'preact'
import type { Axis } from '../model/axis.js'
import { endOf, type Interval, lanesOf } from '../model/holds.js'
import { bounded, plain } from '../model/text.js'
import { clock, countdown } from '../model/times.js'
import { colours, history } from '../room.js'
import { agentLabel } from './agent.js'
import { AXIS_PX, TimeScale } from './time-scale.js'

interface Props {
  readonly axis: Axis
  readonly left: number
  readonly width: number
}

const MAX_LANES = 24
const LANE_PX = 26
const BAR_PX = 16
const LABEL_CHARS_PX = 7

export function Lanes({ axis, left, width }: Props): JSX.Element {
  const { fromMs, nowMs, x } = axis
  const lanes = lanesOf(history.value, fromMs, nowMs, MAX_LANES)
  if (lanes.length === 0) return <p class="panel-empty">Nothing was held in this time.</p>
  const bottom = lanes.length * LANE_PX
  const height = bottom + AXIS_PX
  return (
    <svg class="plot lanes" viewBox={`0 0 ${width} ${height}`} role="img" aria-label="Who held what when">
      {lanes.map(({ type, key, intervals }, i) => (
        <g key={`${type} ${key}`} transform={`translate(0 ${i * LANE_PX})`} data-lane={bounded(key, 300)}>
          <line class="grid" x1={0} x2={width} y1={LANE_PX - 0.5} y2={LANE_PX - 0.5} />
          <text class="lane-label" x={0} y={LANE_PX / 2 + 4}>
            <title>{`${type} ${plain(key)}`}</title>
            {shortened(plain(key), Math.floor((left - 10) / LABEL_CHARS_PX))}
          </text>
          {intervals.map((interval) => (
            <Held key={`${interval.owner} ${interval.fromMs}`} interval={interval} x={x} nowMs={nowMs} />
          ))}
        </g>
      ))}
      <TimeScale axis={axis} top={0} bottom={bottom} />
    </svg>
  )
}

function Held({ interval, x, nowMs }: { interval: Interval; x: (ms: number) => number; nowMs: number }) {
  const { owner, fromMs, toMs, expiresMs } = interval
  const end = endOf(interval, nowMs)
  const top = (LANE_PX - BAR_PX) / 2
  const who = agentLabel(owner)
  const isHeld = toMs === undefined && expiresMs > nowMs
  const title = isHeld
    ? `${who} since ${clock(fromMs)}, ${countdown(expiresMs - nowMs)} left`
    : `${who} from ${clock(fromMs)} to ${clock(end)}`
  return (
    <g class={colours.of(owner)} data-owner={bounded(owner, 300)} data-held={isHeld}>
      <title>{title}</title>
      {isHeld && (
        <rect
          class="lease"
          x={x(nowMs)}
          y={top}
          width={Math.max(0, x(expiresMs) - x(nowMs))}
          height={BAR_PX}
          rx={3}
        />
      )}
      <rect
        class="bar"
        x={x(fromMs)}
        y={top}
        width={Math.max(3, x(end) - x(fromMs))}
        height={BAR_PX}
        rx={3}
      />
    </g>
  )
}

/** The end of a path says more than its beginning. */
function shortened(text: string, maxChars: number): string {
  const characters = [...text]
  return characters.length <= maxChars ? text : `…${characters.slice(1 - maxChars).join('')}`
}
