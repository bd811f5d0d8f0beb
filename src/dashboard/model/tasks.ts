// Tasks as a tree, with the progress of each branch. Pure.

import type { Task } from '../../protocol/objects.js'
import { beginning, LABEL_CHARS, plain } from './text.js'
import { DIRECT_CHANNEL, type View } from './views.js'

export interface TaskNode {
  readonly task: Task
  readonly children: readonly TaskNode[]
  /** Tasks below this one, and how many of them are done. */
  readonly total: number
  readonly done: number
}

/** Roots with open tasks first, then the newest; children by id. A task without a known parent is a root. */
export function taskTree(tasks: readonly Task[]): TaskNode[] {
  const known = new Set(tasks.map((task) => task.task_id))
  const children = new Map<number, Task[]>()
  const roots: Task[] = []
  for (const task of tasks) {
    const parent = task.parent_task_id
    // A parent is older than its children. A row that says otherwise could make a circle.
    if (parent === null || !known.has(parent) || parent >= task.task_id) roots.push(task)
    else children.set(parent, [...(children.get(parent) ?? []), task])
  }
  // Newest first, so that a node's children exist before it.
  const nodes = new Map<number, TaskNode>()
  for (const task of [...tasks].sort((a, b) => b.task_id - a.task_id)) {
    const below = (children.get(task.task_id) ?? [])
      .sort((a, b) => a.task_id - b.task_id)
      .flatMap((child) => nodes.get(child.task_id) ?? [])
    const total = below.reduce((sum, node) => sum + 1 + node.total, 0)
    const done = below.reduce((sum, node) => sum + (isDone(node.task) ? 1 : 0) + node.done, 0)
    nodes.set(task.task_id, { task, children: below, total, done })
  }
  return roots
    .flatMap((root) => nodes.get(root.task_id) ?? [])
    .sort((a, b) => Number(isOpen(b)) - Number(isOpen(a)) || b.task.task_id - a.task.task_id)
}

/** The open tasks among a node's task and those below it. */
export function openIn({ task, total, done }: TaskNode): number {
  return total - done + (isDone(task) ? 0 : 1)
}

/** A task's name in labels. `text` is its title, or the body of its message. */
export function taskLabel(id: number, text = ''): string {
  const said = plain(beginning(text.trim(), LABEL_CHARS))
  return said === '' ? `task ${id}` : `task ${id}: ${said}`
}

/** The view that shows a task: its thread, its channel, or the conversation with the agent that has sent it. */
export function viewOfTask(
  { thread_id: thread, channel, from_agent: from, assignee }: Task,
  me: string,
): View {
  if (thread !== null) return { kind: 'thread', name: thread }
  const other = from === me ? assignee : from
  return channel === DIRECT_CHANNEL && other
    ? { kind: 'direct', name: other }
    : { kind: 'channel', name: channel }
}

export function isDone({ status }: Task): boolean {
  return status === 'done'
}

function isOpen({ task, total, done }: TaskNode): boolean {
  return !isDone(task) || done < total
}
