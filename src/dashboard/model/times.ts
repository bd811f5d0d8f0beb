// Times and durations as people read them. Pure.

const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })
const dayAndYear = new Intl.DateTimeFormat(undefined, {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
})
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' })

/** 14:05 */
export const clock = (ms: number) => (Number.isFinite(ms) ? time.format(ms) : '')
export const fullTime = (ms: number) => (Number.isFinite(ms) ? full.format(ms) : '')

/** Thursday 27 November, with the year if it is not this one. */
export function dayOf(ms: number): string {
  if (!Number.isFinite(ms)) return ''
  const isThisYear = new Date(ms).getFullYear() === new Date().getFullYear()
  return (isThisYear ? day : dayAndYear).format(ms)
}

/** 0:42, 4:07, 1:02:09: the rest of a lease. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000))
  const two = (value: number) => String(value).padStart(2, '0')
  const [hours, minutes, rest] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60]
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}

/** now, 40 s ago, 5 min ago, 3 h ago, 2 d ago */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 10) return 'now'
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`
  return `${Math.floor(seconds / 86_400)} d ago`
}
