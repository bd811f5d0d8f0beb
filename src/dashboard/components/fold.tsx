// Shows a long text in part: folded at first, and with each click as much more as a page draws quickly.

import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { headOf } from '../model/body.js'

const STEP_CHARS = 50_000

interface Fold {
  readonly shown: string
  /** The button that shows more; null when the whole text is shown. */
  readonly more: JSX.Element | null
}

/** `what` names the text to readers who do not see what is above the button. */
export function useFold(text: string, foldChars: number, foldLines: number, what: string): Fold {
  const steps = useSignal(0)
  const head =
    steps.value === 0
      ? headOf(text, foldChars, foldLines)
      : headOf(text, steps.value * STEP_CHARS, Number.POSITIVE_INFINITY)
  if (head === undefined) return { shown: text, more: null }
  const left = text.length - head.length
  const label = `Show ${left > STEP_CHARS ? 'more' : 'all'} of ${text.length.toLocaleString()} characters`
  const more = (
    <button type="button" class="unfold" aria-label={`${label}: ${what}`} onClick={() => steps.value++}>
      {label}
    </button>
  )
  return { shown: head, more }
}
