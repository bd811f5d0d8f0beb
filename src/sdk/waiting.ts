// Waiting that can be cut short: pauses, promises and nested signals. Every listener put on a caller's
// signal is taken off again, since such a signal may live as long as the agent.

import { setMaxListeners } from 'node:events'
import { ArcError } from '../protocol/errors.js'

/** What a timer holds; one that is asked for more fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** What a wait rejects with when its signal is aborted; `cause` is the signal's reason. */
export function abortedError(signal: AbortSignal): ArcError {
  const reason: unknown = signal.reason
  const text = reason instanceof Error && reason.message !== '' ? reason.message : String(reason)
  return new ArcError('aborted', `aborted: ${text}`, { cause: reason })
}

export function throwIfAborted(...signals: (AbortSignal | undefined)[]): void {
  for (const signal of signals) if (signal?.aborted) throw abortedError(signal)
}

/** Settles as `promise` does, unless the signal is aborted before: then it rejects at once with `aborted`. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(abortedError(signal))
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/** Resolves after `ms`; rejects with `aborted` as soon as one of the signals is aborted. */
export function pause(ms: number, ...signals: (AbortSignal | undefined)[]): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const link = linkSignals(...signals)
    const onAbort = () => finish(() => reject(abortedError(link.signal)))
    const timer = setTimeout(() => finish(resolve), Math.min(ms, MAX_TIMER_MS))
    const finish = (settle: () => void) => {
      clearTimeout(timer)
      link.release()
      settle()
    }
    if (link.signal.aborted) onAbort()
    else link.signal.addEventListener('abort', onAbort, { once: true })
  })
}

/** A signal of one's own that also follows others. */
export interface LinkedSignal {
  readonly signal: AbortSignal
  abort(reason: unknown): void
  /** Stops following. To be called when the work is over. */
  release(): void
}

/** Like `AbortSignal.any`, with an end: that one leaves it to the garbage collector to let go of its sources. */
export function linkSignals(...sources: (AbortSignal | undefined)[]): LinkedSignal {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  const followed: { source: AbortSignal; onAbort: () => void }[] = []
  for (const source of sources) {
    if (!source) continue
    const onAbort = () => controller.abort(source.reason)
    if (source.aborted) onAbort()
    else source.addEventListener('abort', onAbort, { once: true })
    followed.push({ source, onAbort })
  }
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    release: () => {
      for (const { source, onAbort } of followed) source.removeEventListener('abort', onAbort)
    },
  }
}
