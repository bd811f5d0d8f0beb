// The disk's part of a commit: it writes as many pages as SQLite does for so many posts, and flushes them. It overwrites
// its log in place. A hub's log grows until SQLite first writes it back, so a hub's first 1,000 lone posts take longer.

import { fsyncSync, openSync, writeSync } from 'node:fs'

const PAGE = Buffer.alloc(4_096 + 24, 'x') // with its header in the log
/** After this many pages SQLite writes its log back, and starts it again. */
const LOG_PAGES = 4_000
/** Pages of a commit: for its first post, and for each further post. */
const PAGES = { first: 4, each: 0.2 } as const

export class FlushedLog {
  readonly #descriptor: number
  #next = 0

  /** Writes the file once from end to end. */
  constructor(path: string) {
    this.#descriptor = openSync(path, 'w')
    this.#write(LOG_PAGES)
  }

  commit(posts: number): void {
    this.#write(Math.round(PAGES.first + PAGES.each * (posts - 1)))
  }

  #write(pages: number): void {
    for (let i = 0; i < pages; i++) {
      writeSync(this.#descriptor, PAGE, 0, PAGE.length, this.#next * PAGE.length)
      this.#next = (this.#next + 1) % LOG_PAGES
    }
    fsyncSync(this.#descriptor)
  }
}
