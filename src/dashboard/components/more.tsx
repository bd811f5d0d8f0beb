// A button that draws more rows of a list.

import type { Signal } from '@preact/signals'
import type { JSX } from 'preact'

interface Props {
  /** The rows that there are. */
  readonly of: number
  /** The rows that are drawn. */
  readonly shown: Signal<number>
  readonly step: number
  /** The noun, such as `open tasks`; none where the heading says it. */
  readonly what?: string
}

export function More({ of, shown, step, what = '' }: Props): JSX.Element | null {
  if (of <= shown.value) return null
  return (
    <button
      type="button"
      class="more"
      onClick={() => {
        shown.value += step
      }}
    >
      {`${of - shown.value} more ${what}`.trim()}
    </button>
  )
}
