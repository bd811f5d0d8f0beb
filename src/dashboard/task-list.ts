// The room's tasks, read in pages. The first read gets the recent tasks and all open ones. Each later read gets the new tasks
// and the open ones, which shows the tasks that are done since. So an old room with many done tasks costs the hub little.

import type { Task } from '../protocol/objects.js'
import { getPage } from './api.js'

const PAGE_ROWS = 500
/** The most pages of one read. */
const MAX_PAGES = 20
/** A task is recent if its id is within this many ids of the newest message. The list leaves out older done tasks. */
const RECENT_IDS = 10_000

export class TaskList {
  readonly #known = new Map<number, Task>()
  /** The list has read all recent tasks up to this id. */
  #readTo: number | undefined

  /** @throws HubError */
  async read(latestId: number): Promise<readonly Task[]> {
    const since = this.#readTo ?? Math.max(0, latestId - RECENT_IDS)
    const open = await pages('status=open', 0)
    this.#close(open)
    const added = await pages('', since)
    for (const task of [...open.tasks, ...added.tasks]) this.#known.set(task.task_id, task)
    this.#readTo = added.tasks.at(-1)?.task_id ?? since
    return [...this.#known.values()]
  }

  clear(): void {
    this.#known.clear()
    this.#readTo = undefined
  }

  /** A known open task that is not among the read open ones is done. */
  #close({ tasks, isCut }: Pages): void {
    const open = new Set(tasks.map(({ task_id: id }) => id))
    const end = isCut ? (tasks.at(-1)?.task_id ?? 0) : Number.POSITIVE_INFINITY
    for (const task of this.#known.values()) {
      if (task.status === 'open' && task.task_id <= end && !open.has(task.task_id))
        this.#known.set(task.task_id, { ...task, status: 'done' })
    }
  }
}

interface Pages {
  readonly tasks: readonly Task[]
  readonly isCut: boolean
}

async function pages(query: string, sinceId: number): Promise<Pages> {
  const tasks: Task[] = []
  let next: string | null = String(sinceId)
  for (let page = 0; page < MAX_PAGES && next !== null; page++) {
    const read: { rows: Task[]; next: string | null } = await getPage<Task>(
      `/v1/tasks?limit=${PAGE_ROWS}&since_id=${next}&${query}`,
    )
    tasks.push(...read.rows)
    next = read.next
  }
  return { tasks, isCut: next !== null }
}
