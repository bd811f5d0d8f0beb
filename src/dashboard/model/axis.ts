// The time axis that pictures share, so that one time has the same place in each of them. Pure.

const MINUTE_MS = 60_000
/** Minutes between two ticks. The axis takes the first step that leaves room for the labels. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120] as const
const TICK_PX = 48

export interface Axis {
  readonly fromMs: number
  readonly nowMs: number
  /** The place of a time. A time beyond the axis gets the axis's end. */
  x(ms: number): number
  /** Round times on the clock. None is so near to now that its label would cover it. */
  readonly ticks: readonly number[]
}

export interface AxisSize {
  readonly left: number
  readonly width: number
  /** The part of the width for the past. The rest is for leases, which reach into the future. */
  readonly pastShare: number
}

export function axisOf(minutes: number, nowMs: number, { left, width, pastShare }: AxisSize): Axis {
  const fromMs = nowMs - minutes * MINUTE_MS
  const nowX = left + (width - left) * pastShare
  const perMs = (nowX - left) / (nowMs - fromMs)
  const x = (ms: number) => Math.max(left, Math.min(width, left + (ms - fromMs) * perMs))
  const step = (STEPS.find((step) => step * MINUTE_MS * perMs >= TICK_PX) ?? 240) * MINUTE_MS
  // Full hours are those of the local clock.
  const offset = new Date(nowMs).getTimezoneOffset() * MINUTE_MS
  const first = Math.ceil((fromMs - offset) / step) * step + offset
  const count = Math.max(0, Math.floor((nowMs - first) / step) + 1)
  const ticks = Array.from({ length: count }, (_, i) => first + i * step)
  return { fromMs, nowMs, x, ticks: ticks.filter((ms) => nowX - x(ms) >= TICK_PX) }
}
