// The activity picture: messages over time by agent, and who held what when, over the same time.

import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { AgentTag } from './agent.js'
import { Icon } from './icon.js'
import { Lanes } from './lanes.js'
import { barsOf, Plot, writersOf } from './plot.js'

const RANGES = [
  { minutes: 15, bars: 15, label: '15 min' },
  { minutes: 60, bars: 60, label: '1 hour' },
  { minutes: 360, bars: 72, label: '6 hours' },
] as const

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
  const { minutes, bars } = range.value
  const writers = writersOf(barsOf(minutes, bars))
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
          <h2>Messages by agent</h2>
          <Plot minutes={minutes} bars={bars} width={width.value} height={220} />
          <ul class="legend">
            {writers.map(([agent, count]) => (
              <li key={agent}>
                <AgentTag id={agent} /> <span class="quiet">{count.toLocaleString()}</span>
              </li>
            ))}
          </ul>
          <h2>Who held what</h2>
          <Lanes minutes={minutes} width={width.value} />
        </div>
      </div>
    </div>
  )
}
