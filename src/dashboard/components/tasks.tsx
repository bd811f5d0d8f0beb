// Tasks as a tree: open ones first, with the progress of each branch and the holders of claims.

import { computed, useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { completeTask } from '../actions.js'
import { openIn, type TaskNode, taskLabel, viewOfTask } from '../model/tasks.js'
import { isFound } from '../page-state.js'
import { me, tree } from '../room.js'
import { AgentTag } from './agent.js'
import { Guard } from './guard.js'
import { Icon } from './icon.js'
import { More } from './more.js'
import { show } from './sidebar.js'
import { Name, NothingHere, Text } from './text.js'

/** The open roots that are drawn, and the done ones after them; the rows of one step. */
const OPEN_SHOWN = 40
const DONE_SHOWN = 2
const STEP_ROWS = 40
/** The deepest level that is drawn, and the most children of one task. */
const MAX_DEPTH = 6
const MAX_CHILDREN = 60

export const foundTasks = computed(() => tree.value.filter(matches))

export function Tasks(): JSX.Element {
  const openShown = useSignal(OPEN_SHOWN)
  const doneShown = useSignal(DONE_SHOWN)
  const roots = foundTasks.value
  if (roots.length === 0) return <NothingHere what="task" none="No tasks." />
  const open = roots.filter((node) => openIn(node) > 0)
  const done = roots.filter((node) => openIn(node) === 0)
  return (
    <>
      <TaskRows nodes={open.slice(0, openShown.value)} />
      <More of={open.length} shown={openShown} step={STEP_ROWS} what="open tasks" />
      <TaskRows nodes={done.slice(0, doneShown.value)} />
      <More of={done.length} shown={doneShown} step={STEP_ROWS} what="done tasks" />
      {doneShown.value > DONE_SHOWN && (
        <button
          type="button"
          class="more"
          onClick={() => {
            doneShown.value = DONE_SHOWN
          }}
        >
          Fewer done tasks
        </button>
      )}
    </>
  )
}

function TaskRows({ nodes }: { nodes: readonly TaskNode[] }): JSX.Element | null {
  if (nodes.length === 0) return null
  return (
    <ul class="rows tasks">
      {nodes.map((node) => (
        <Guard key={node.task.task_id} of={node.task} what="task">
          <TaskRow node={node} depth={0} />
        </Guard>
      ))}
    </ul>
  )
}

function TaskRow({ node, depth }: { node: TaskNode; depth: number }): JSX.Element {
  const { task, children, total, done } = node
  const { task_id: id, thread_id: thread, status, title = '', assignee } = task
  const label = taskLabel(id, title)
  return (
    <li class={`task task-${status}`} data-task={id}>
      <div class="row">
        <span class={`task-mark task-mark-${status}`} role="img" aria-label={status}>
          {status === 'done' && <Icon name="check" />}
        </span>
        <span class="row-text">
          <button
            type="button"
            class="row-title link-title"
            aria-label={label}
            onClick={() => show(viewOfTask(task, me.value))}
          >
            {title === '' ? (
              `Task ${id}`
            ) : (
              <bdi>
                <Text text={title} />
              </bdi>
            )}
          </button>
          <span class="row-detail">
            {assignee && <AgentTag id={assignee} />}
            {total > 0 && (
              <>
                <progress value={done} max={total} aria-label="subtasks done" />
                <span class="fraction">
                  {done}/{total}
                </span>
              </>
            )}
            {!assignee && total === 0 && status === 'open' && <span>unclaimed</span>}
            {thread !== null && <Name text={thread} class="quiet" />}
            {status === 'open' && (
              <button
                type="button"
                class="button"
                aria-label={`Complete ${label}`}
                onClick={({ currentTarget }) => {
                  // The button goes; the keyboard stays in the row.
                  currentTarget.closest('.task')?.querySelector<HTMLElement>('.row-title')?.focus()
                  void completeTask(id)
                }}
              >
                Complete
              </button>
            )}
          </span>
        </span>
      </div>
      <Subtasks nodes={children} depth={depth + 1} />
    </li>
  )
}

function Subtasks({ nodes, depth }: { nodes: readonly TaskNode[]; depth: number }): JSX.Element | null {
  if (nodes.length === 0) return null
  const shown = visible(nodes, depth)
  const left = nodes.length - shown.length
  return (
    <ul class="subtasks">
      {shown.map((child) => (
        <Guard key={child.task.task_id} of={child.task} what="task">
          <TaskRow node={child} depth={depth} />
        </Guard>
      ))}
      {left > 0 && <li class="row-detail">{left} more</li>}
    </ul>
  )
}

const visible = (nodes: readonly TaskNode[], depth: number) =>
  depth > MAX_DEPTH ? [] : nodes.slice(0, MAX_CHILDREN)

/** Whether the search finds the task or one below it. No recursion: a tree may be deeper than the call stack. */
function matches(node: TaskNode): boolean {
  const open = [node]
  for (let next = open.pop(); next; next = open.pop()) {
    const { task_id: id, thread_id: thread, title, assignee } = next.task
    if (isFound(title, thread, assignee, String(id))) return true
    for (const child of next.children) open.push(child)
  }
  return false
}
