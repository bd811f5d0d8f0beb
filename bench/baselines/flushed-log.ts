// What of a commit is the disk's: pages written into a log that is overwritten in place, and flushed. As many as SQLite
// writes for so many posts, and nothing else: a hub's log grows until it is written back for the first time, which makes
// its first 1,000 lone posts dearer, and is written back now and then.

import { fsyncSync, openSync, writeSync } from 'node:fs'

const PAGE = Buffer.alloc(4_096 + 24, 'x') // with its header in the log
/** After as many the hub writes its log back, and begins it anew. */
const LOG_PAGES = 4_000
/** Pages of a commit: of one post, and for each further one. */
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
