// Tasks as a tree, with the progress of each branch. Pure.

import type { Task } from '../../protocol/objects.js'

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

export function isDone({ status }: Task): boolean {
  return status === 'done'
}

function isOpen({ task, total, done }: TaskNode): boolean {
  return !isDone(task) || done < total
}
