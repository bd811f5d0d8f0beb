// The time axis that pictures share: what happened at the same time stands at the same place in each of them. Pure.

const MINUTE_MS = 60_000
/** Minutes between two ticks; of these, the first that leaves room for what is written at them. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120] as const
const TICK_PX = 48

export interface Axis {
  readonly fromMs: number
  readonly nowMs: number
  /** The place of a time; of what lies beyond, an end of the axis. */
  x(ms: number): number
  /** Times on the clock that are easy to read, none so near to now that they would stand on it. */
  readonly ticks: readonly number[]
}

export interface AxisSize {
  readonly left: number
  readonly width: number
  /** The part of the width for the time before now; what is left is for leases that reach into the time to come. */
  readonly pastShare: number
}

export function axisOf(minutes: number, nowMs: number, { left, width, pastShare }: AxisSize): Axis {
  const fromMs = nowMs - minutes * MINUTE_MS
  const nowX = left + (width - left) * pastShare
  const perMs = (nowX - left) / (nowMs - fromMs)
  const x = (ms: number) => Math.max(left, Math.min(width, left + (ms - fromMs) * perMs))
  const step = (STEPS.find((step) => step * MINUTE_MS * perMs >= TICK_PX) ?? 240) * MINUTE_MS
  // Full hours are where the clock on the wall has them.
  const offset = new Date(nowMs).getTimezoneOffset() * MINUTE_MS
  const first = Math.ceil((fromMs - offset) / step) * step + offset
  const count = Math.max(0, Math.floor((nowMs - first) / step) + 1)
  const ticks = Array.from({ length: count }, (_, i) => first + i * step)
  return { fromMs, nowMs, x, ticks: ticks.filter((ms) => nowX - x(ms) >= TICK_PX) }
}
