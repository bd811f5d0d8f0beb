// Plots of a report as inline SVG: the distribution of a case, and its rounds as dots.
//
// All positions are percentages of the plot's box, and only lines stretch with it. So text and dots have one size on a
// telephone and in a wide window. Axis labels lie outside the box, in the padding of the style.

import { html, type Markup } from './markup.js'
import { type ByWho, type Distribution, QUANTILES, shown, WHO, type Who } from './report.js'

const MARKED = [0.5, 0.9, 0.99, 0.999]
const LABELLED = [0.5, 0.99]

/** The top of the vertical axis: a little above p99.9, for the highest sample. */
const TOP = 3.4

/** A label's share of the plot's width at its narrowest, 300 px. */
const LABEL_WIDTH = 0.15

/** With more ticks than this, narrow screens label only the powers of ten; with twice as many, all screens do. */
const MOST_LABELS = 9

export const shareName = (share: number) => `p${Number((share * 100).toFixed(3))}`

/** Undefined for too few samples: p99 needs a hundred, since of fewer it is the highest one. */
export function quantileAt({ quantiles, counts }: Distribution, who: Who, share: number): number | undefined {
  const count = counts[who] ?? Number.POSITIVE_INFINITY
  if (share < 1 && count < Math.round(1 / (1 - share))) return undefined
  return quantiles[who]?.[QUANTILES.findIndex((quantile) => Math.abs(quantile - share) < 1e-6)]
}

/** Each `who` with samples to draw; the hub is last, and so on top. */
export function whoIn({ quantiles }: Distribution): Who[] {
  return WHO.filter((who) => quantiles[who]?.some(Number.isFinite))
}

/** A line of the plots, for legends. */
export function swatch(who: Who): Markup {
  return html`<svg class="swatch" aria-hidden="true"><line class="line ${who}" x1="0" y1="50%" x2="100%" y2="50%"/></svg>`
}

export function distributionPlot(distribution: Distribution): Markup {
  const present = whoIn(distribution)
  const scale = logarithmic(present.flatMap((who) => distribution.quantiles[who] ?? []))
  const about = `${distribution.of}: cumulative distribution of ${distribution.what}, of ${present.join(', ')}`
  return html`<svg class="plot" role="img" aria-label="${about}">
${MARKED.map((share) => horizontal(share))}
${scale.ticks.map((tick) => vertical(tick, scale))}
<text class="axis end" x="-24" y="100%" dy="18">${distribution.unit}</text>
<svg class="lines" viewBox="0 0 1000 1000" preserveAspectRatio="none">
${present.map((who) => html`<path class="line ${who}" d="${path(distribution, who, scale)}"/>`)}
</svg>
${present.map((who) => highest(distribution, who, scale))}
${LABELLED.map((share) => labelledDots(distribution, share, scale))}
</svg>`
}

/** The rounds of a figure, one row for each `who`, from zero to the highest value. */
export function roundsStrip(values: ByWho): Markup | undefined {
  const present = WHO.filter((who) => (values[who]?.length ?? 0) > 0)
  if (!present.some((who) => (values[who]?.length ?? 0) > 1)) return undefined
  const most = Math.max(0, ...present.flatMap((who) => values[who] ?? []).filter(Number.isFinite))
  const told = present.map((who) => `${who}: ${(values[who] ?? []).map(shown).join('; ')}`).join('\n')
  const rows = present.map((who, row) => {
    const y = row * 10 + 5
    const dots = (values[who] ?? []).map(
      (value) =>
        html`<circle class="dot ${who}" cx="${percent(most > 0 ? within(value / most) : 0)}" cy="${y}" r="3"/>`,
    )
    return html`<line class="grid" x1="0" y1="${y}" x2="100%" y2="${y}"/>${dots}`
  })
  return html`<svg class="strip" role="img" height="${present.length * 10}"><title>${told}</title>${rows}</svg>`
}

interface Scale {
  readonly ticks: readonly number[]
  /** 0 at the left end, 1 at the right end. */
  readonly place: (value: number) => number
}

/** From the tick below the lowest value to the tick above the highest. Values of zero or less lie at the left end. */
function logarithmic(values: readonly number[]): Scale {
  const drawable = values.filter((value) => value > 0 && Number.isFinite(value))
  const lowest = drawable.length > 0 ? Math.min(...drawable) : 1
  const highest = Math.max(lowest, ...drawable)
  let index = 3 * Math.floor(Math.log10(lowest)) - 1 // one lower: the logarithm may be rounded up
  while (tickAt(index + 1) <= lowest) index++
  const first = tickAt(index)
  const ticks = [first]
  while (ticks.length < 2 || tickAt(index) < highest) ticks.push(tickAt(++index))
  const width = Math.log(tickAt(index) / first)
  return { ticks, place: (value) => within(Math.log(Math.max(value, first) / first) / width) }
}

/** 1, 2, 5, 10, …: parsed from decimal text, since 5 × 0.1 × 0.1 is not 0.05. */
function tickAt(index: number): number {
  const power = Math.floor(index / 3)
  return Number(`${[1, 2, 5][index - 3 * power]}e${power}`)
}

/** 0 at the bottom, 1 at the top. The distance from p90 to p99 equals that from p99 to p99.9. */
const height = (share: number) => within(-Math.log10(1 - share) / TOP)

/**
 * The line ends at the highest of n samples, at the share 1 - 1/n. Beyond it the quantiles repeat that sample, and a line
 * would show a tail that nobody measured.
 */
function path(distribution: Distribution, who: Who, scale: Scale): string {
  const end = lastShare(distribution, who)
  const points = QUANTILES.flatMap((quantile, i) => {
    const value = distribution.quantiles[who]?.[i]
    if (value === undefined || !Number.isFinite(value) || (quantile > end && quantile < 1)) return []
    const [x, y] = [scale.place(value), height(Math.min(quantile, end))]
    return [`${(x * 1000).toFixed(1)} ${((1 - y) * 1000).toFixed(1)}`]
  })
  return `M${points.join('L')}`
}

const lastShare = ({ counts }: Distribution, who: Who) => 1 - 1 / (counts[who] || Number.POSITIVE_INFINITY)

function highest(distribution: Distribution, who: Who, scale: Scale): Markup | undefined {
  const value = quantileAt(distribution, who, 1)
  if (value === undefined || !Number.isFinite(value)) return undefined
  const y = height(lastShare(distribution, who))
  return html`<circle class="end-dot ${who}" cx="${percent(scale.place(value))}" cy="${percent(1 - y)}" r="3"/>`
}

function horizontal(share: number): Markup {
  const y = percent(1 - height(share))
  return html`<line class="grid" x1="0" y1="${y}" x2="100%" y2="${y}"/>
<text class="axis end" x="-10" y="${y}" dy="4">${shareName(share)}</text>`
}

function vertical(tick: number, { ticks, place }: Scale): Markup {
  const x = percent(place(tick))
  const isPower = Math.log10(tick) % 1 === 0
  const isWhole = isPower || ticks.length <= MOST_LABELS
  const isTold = isWhole || ticks.length <= 2 * MOST_LABELS
  const label = html`<text class="axis ${isWhole ? '' : 'minor'}" x="${x}" y="100%" dy="18">${tick >= 1_000 ? `${shown(tick / 1_000)}k` : shown(tick)}</text>`
  return html`<line class="grid${isPower ? ' power' : ''}" x1="${x}" y1="0" x2="${x}" y2="100%"/>${isTold ? label : undefined}`
}

/** A label's distance from its dot, in pixels. Lines rise to the right, so there is room below them there, and above on the left. */
const SIDES = {
  left: { anchor: 'end', dx: -8, dy: -5 },
  right: { anchor: 'start', dx: 8, dy: 14 },
  above: { anchor: 'middle', dx: 0, dy: -10 },
} as const

/** One dot on each line, with a label where there is room. The table below the plot has every value. */
function labelledDots(distribution: Distribution, share: number, scale: Scale): Markup[] {
  const dots = whoIn(distribution)
    .flatMap((who) => {
      const value = quantileAt(distribution, who, share)
      return value === undefined || !Number.isFinite(value) ? [] : [{ who, value, x: scale.place(value) }]
    })
    .sort((a, b) => a.x - b.x)
  const y = percent(1 - height(share))
  return dots.map(({ who, value, x }, i) => {
    const leftRoom = x - (dots[i - 1]?.x ?? 0)
    const rightRoom = (dots[i + 1]?.x ?? 1) - x
    const dot = html`<circle class="dot ${who}" cx="${percent(x)}" cy="${y}" r="4"/>`
    const side = sideFor(leftRoom, rightRoom, i === 0 && dots.length > 1)
    if (!side) return dot
    const { anchor, dx, dy } = SIDES[side]
    return html`${dot}<text class="value ${who} ${anchor}" x="${percent(x)}" y="${y}" dx="${dx}" dy="${dy}">${shown(value)}</text>`
  })
}

function sideFor(leftRoom: number, rightRoom: number, isLeftmost: boolean): keyof typeof SIDES | undefined {
  if (isLeftmost && leftRoom > LABEL_WIDTH) return 'left'
  if (isLeftmost && leftRoom > LABEL_WIDTH / 2) return 'above'
  if (rightRoom > LABEL_WIDTH) return 'right'
  if (leftRoom > LABEL_WIDTH) return 'left'
  return Math.min(leftRoom, rightRoom) > LABEL_WIDTH / 2 ? 'above' : undefined
}

const within = (share: number) => Math.min(1, Math.max(0, Number.isNaN(share) ? 0 : share))

const percent = (share: number) => `${Number((share * 100).toFixed(2))}%`
