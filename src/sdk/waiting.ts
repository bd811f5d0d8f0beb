// Waits that an abort ends: pauses, promises and linked signals. Each wait removes its listener from the caller's signal
// at its end, since that signal may live as long as the agent.

import { setMaxListeners } from 'node:events'
import { ArcError } from '../protocol/errors.js'

/** The longest timer in milliseconds; a longer one fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** The error of an aborted wait; its `cause` is the signal's reason. */
export function abortedError(signal: AbortSignal): ArcError {
  const reason: unknown = signal.reason
  const text = reason instanceof Error && reason.message !== '' ? reason.message : String(reason)
  return new ArcError('aborted', `aborted: ${text}`, { cause: reason })
}

export const closedError = () => new ArcError('aborted', 'the client is closed: make a new one')

export const isAbort = (error: unknown): boolean => error instanceof ArcError && error.code === 'aborted'

export function throwIfAborted(...signals: (AbortSignal | undefined)[]): void {
  for (const signal of signals) {
    checkSignal(signal)
    if (signal?.aborted) throw abortedError(signal)
  }
}

/** Settles as `promise` does, or rejects with `aborted` as soon as the signal is aborted. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  listenToMany(signal)
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(abortedError(signal))
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/** Resolves after `ms` milliseconds; rejects with `aborted` as soon as one of the signals is aborted. */
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

/** A signal that can be aborted, and that also follows others. */
export interface LinkedSignal {
  readonly signal: AbortSignal
  abort(reason: unknown): void
  /** Removes its listeners from the signals that it follows. Call it when the work is over. */
  release(): void
}

/** Like `AbortSignal.any`, but with an end: that one's listeners stay until the garbage collector takes them. */
export function linkSignals(...sources: (AbortSignal | undefined)[]): LinkedSignal {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  const followed: { source: AbortSignal; onAbort: () => void }[] = []
  for (const source of sources) {
    checkSignal(source)
    if (!source) continue
    listenToMany(source)
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

/** A program may give one signal to all its calls. Node would take more than ten listeners for a leak. */
function listenToMany(signal: AbortSignal): void {
  if (signal instanceof EventTarget) setMaxListeners(0, signal) // else one of another realm
}

/** @throws ArcError `invalid_request` for what is no signal, such as its controller */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined || typeof signal?.addEventListener === 'function') return
  throw new ArcError(
    'invalid_request',
    'signal must be an AbortSignal, such as the signal of an AbortController',
  )
}
