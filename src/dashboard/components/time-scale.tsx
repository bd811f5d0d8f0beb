// The time axis below a picture: the clock at its ticks, and a line at the present time.

import type { JSX } from 'preact'
import type { Axis } from '../model/axis.js'
import { clock } from '../model/times.js'

/** Its height in pixels, below `bottom`. */
export const AXIS_PX = 22
const BASELINE_PX = 16

export function TimeScale({ axis, top, bottom }: { axis: Axis; top: number; bottom: number }): JSX.Element {
  const nowX = axis.x(axis.nowMs)
  const y = bottom + BASELINE_PX
  return (
    <g class="time-scale">
      <line class="now" x1={nowX} x2={nowX} y1={top} y2={bottom} />
      {axis.ticks.map((ms) => (
        <g key={ms}>
          <line class="grid" x1={axis.x(ms)} x2={axis.x(ms)} y1={bottom} y2={bottom + 4} />
          <text class="tick" x={axis.x(ms)} y={y} text-anchor="middle">
            {clock(ms)}
          </text>
        </g>
      ))}
      <text class="tick" x={nowX} y={y} text-anchor="middle">
        now
      </text>
    </g>
  )
}
