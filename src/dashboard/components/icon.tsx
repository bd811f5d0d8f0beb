// Small drawings, in the colour of the text around them. Each stands beside words, so none has a name of its own.

import type { JSX } from 'preact'

const PATHS = {
  hash: 'M6 2 5 14M11 2l-1 12M2.5 5.5h11M2.5 10.5h11',
  inbox: 'M2 9h3.5l1 2h3l1-2H14M2 9l2-6h8l2 6v4H2z',
  pulse: 'M1.5 8.5h3l2-5 3 9 2-4h3',
  lock: 'M3.5 7h9v6.5h-9zM5.5 7V5a2.5 2.5 0 0 1 5 0v2',
  flag: 'M4 14V2.5M4 3h8l-2 2.75L12 8.5H4',
  thread: 'M3 3h10v7H8l-3 3v-3H3z',
  reply: 'M6 4 2.5 7.5 6 11M3 7.5h6.5a4 4 0 0 1 4 4',
  check: 'M3 8.5 6.5 12 13 4.5',
  file: 'M4 2h5l3 3v9H4zM9 2v3h3',
  diff: 'M8 2.5v6M5 5.5h6M5 12.5h6',
  people:
    'M6 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5M1.5 13.5c0-2.5 2-4 4.5-4s4.5 1.5 4.5 4M11 3.4a2.4 2.4 0 0 1 0 4.4M12 9.8c1.6.5 2.6 1.8 2.6 3.7',
  find: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10M11 11l3 3',
  down: 'M8 3v10M4 9l4 4 4-4',
  close: 'M4 4l8 8M12 4l-8 8',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name }: { name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  )
}
