// The activity picture: messages over time by agent, and holds over time, on one axis of time.

import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { writersOf } from '../model/activity.js'
import { axisOf } from '../model/axis.js'
import { now } from '../room.js'
import { AgentTag } from './agent.js'
import { Icon } from './icon.js'
import { Lanes } from './lanes.js'
import { barsOf, MAX_WRITERS, Plot, sinceText } from './plot.js'

const RANGES = [
  { minutes: 15, bars: 15, label: '15 min' },
  { minutes: 60, bars: 60, label: '1 hour' },
  { minutes: 360, bars: 72, label: '6 hours' },
] as const

/** The part of the width for the past. Leases reach into the rest. */
const PAST_SHARE = 0.9

export function ActivityView(): JSX.Element {
  const range = useSignal<(typeof RANGES)[number]>(RANGES[1])
  const width = useSignal(640)
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (!box.current) return
    const observer = new ResizeObserver(([entry]) => {
      if (entry) width.value = Math.max(280, Math.floor(entry.contentRect.width))
    })
    observer.observe(box.current)
    return () => observer.disconnect()
  }, [])
  const { minutes } = range.value
  const bars = barsOf(minutes, range.value.bars)
  const { named, others } = writersOf(bars, MAX_WRITERS)
  // The names of the lanes are left of the axis.
  const left = Math.min(220, Math.max(96, width.value * 0.26))
  const axis = axisOf(minutes, now.value, { left, width: width.value, pastShare: PAST_SHARE })
  return (
    <div class="activity">
      <header class="feed-header">
        <h1>
          <Icon name="pulse" />
          Activity
        </h1>
        <fieldset class="ranges" aria-label="Time shown">
          {RANGES.map((choice) => (
            <button
              key={choice.minutes}
              type="button"
              class="range"
              aria-pressed={choice === range.value}
              onClick={() => {
                range.value = choice
              }}
            >
              {choice.label}
            </button>
          ))}
        </fieldset>
      </header>
      <div class="activity-body">
        <div ref={box}>
          <h2>
            Messages by agent <span class="quiet">{sinceText(bars)}</span>
          </h2>
          <Plot bars={bars} minutes={minutes} axis={axis} left={left} width={width.value} height={220} />
          <ul class="legend">
            {named.map(([agent, count]) => (
              <li key={agent}>
                <AgentTag id={agent} /> <span class="quiet">{count.toLocaleString()}</span>
              </li>
            ))}
            {others > 0 && (
              <li class="agent-tag hue-system">
                <span class="swatch" aria-hidden="true" />
                others <span class="quiet">{others.toLocaleString()}</span>
              </li>
            )}
          </ul>
          <h2>Who held what</h2>
          <Lanes axis={axis} left={left} width={width.value} />
        </div>
      </div>
    </div>
  )
}
