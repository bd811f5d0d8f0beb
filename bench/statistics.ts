// Order statistics of measured samples.

/** The value below which the share `p` (0 to 1) of the ascending samples lies. */
export function percentile(ascending: readonly number[], p: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(p * ascending.length))] ?? Number.NaN
}

export function median(samples: readonly number[]): number {
  return percentile(
    [...samples].sort((a, b) => a - b),
    0.5,
  )
}
