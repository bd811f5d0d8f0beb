// The figures of a benchmark as data. The table, the JSON and the HTML report show them.

import { median } from './statistics.js'

/** Whose figure it is: the hub under test, the hub to compare, or the bare baseline of the same work. */
export type Who = 'hub' | 'compare' | 'bare'

export const WHO = ['bare', 'compare', 'hub'] as const satisfies readonly Who[]

/** One value for each round, in the order of the rounds, so that values of one round can be compared. */
export type ByWho = { readonly [who in Who]?: readonly number[] }

export type Unit = '/s' | 'ms' | 'µs' | 'MB' | '%' | '×' | ''

export interface Figure {
  /** The case of the scenario, such as `64 connections`. */
  readonly of: string
  /** The quantity, such as `throughput` or `p99`. */
  readonly what: string
  readonly unit: Unit
  readonly values: ByWho
  readonly goal?: Goal | undefined
}

/** The bound for the median of the hub's rounds: of their values, or of their ratios to the baseline's. */
export interface Goal {
  readonly of: 'value' | 'ratio'
  readonly atLeast?: number
  readonly atMost?: number
}

/** All samples of a case, reduced to quantiles. */
export interface Distribution {
  readonly of: string
  readonly what: string
  readonly unit: Unit
  /** The values at the shares of `QUANTILES`, ascending. */
  readonly quantiles: { readonly [who in Who]?: readonly number[] }
  readonly counts: { readonly [who in Who]?: number }
}

/** A quantity that the bench could not measure, and why: a report leaves nothing out silently. */
export interface Impossible {
  readonly who: Who
  readonly what: string
  readonly why: string
}

export interface ScenarioReport {
  readonly name: string
  readonly about: string
  readonly tookSec: number
  readonly figures: readonly Figure[]
  readonly distributions: readonly Distribution[]
  readonly impossible: readonly Impossible[]
}

export interface Environment {
  readonly arc: string
  /** The measured commit; null outside a repository. */
  readonly commit: string | null
  readonly node: string
  readonly cores: number
  readonly processor: string
  readonly memoryGb: number
  readonly system: string
  readonly fileSystem: string
  /** What the hub under test says of its durability; null where it says nothing. */
  readonly durability: string | null
  readonly measuredAt: string
}

export interface Report {
  readonly size: 'quick' | 'full'
  readonly rounds: number
  readonly environment: Environment
  readonly hub: string
  readonly compare: string | null
  readonly scenarios: readonly ScenarioReport[]
}

/** Dense in the tail. */
export const QUANTILES: readonly number[] = [
  ...Array.from({ length: 90 }, (_, i) => i / 100),
  ...Array.from({ length: 90 }, (_, i) => 0.9 + i / 1_000),
  ...Array.from({ length: 10 }, (_, i) => 0.99 + i / 1_000),
  1,
]

export function quantilesOf(samples: readonly number[]): number[] {
  const ascending = [...samples].sort((a, b) => a - b)
  return QUANTILES.map(
    (q) => ascending[Math.min(ascending.length - 1, Math.floor(q * ascending.length))] ?? 0,
  )
}

/** The hub's value divided by the other's, round by round; empty if one of them is missing. */
export function ratios({ values }: Figure, over: 'bare' | 'compare'): number[] {
  const others = values[over] ?? []
  return (values.hub ?? []).flatMap((value, round) => {
    const other = others[round]
    return other === undefined ? [] : [value / other]
  })
}

/** Undefined without a goal, and without a value. */
export function isReached(figure: Figure): boolean | undefined {
  const { goal, values } = figure
  const samples = goal?.of === 'ratio' ? ratios(figure, 'bare') : (values.hub ?? [])
  if (!goal || samples.length === 0) return undefined
  const reached = median(samples)
  return (
    reached >= (goal.atLeast ?? Number.NEGATIVE_INFINITY) &&
    reached <= (goal.atMost ?? Number.POSITIVE_INFINITY)
  )
}

export function goalText({ of, atLeast, atMost }: Goal, unit: Unit): string {
  const sign = atLeast === undefined ? '≤' : '≥'
  const limit = atLeast ?? atMost
  return of === 'ratio' ? `${sign} ${limit} × bare` : `${sign} ${limit} ${unit}`.trim()
}

/** Three significant figures; no decimals from 100 on. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(3)))
}

/** `median (lowest–highest)`. */
export function spread(values: readonly number[]): string {
  if (values.length === 0) return ''
  const middle = shown(median(values))
  if (values.length === 1) return middle
  return `${middle} (${shown(Math.min(...values))}–${shown(Math.max(...values))})`
}
