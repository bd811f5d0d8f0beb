// Tasks as a tree: open ones first, with the progress of each branch and the holders of claims.

import { computed, useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import type { Task } from '../../protocol/objects.js'
import { completeTask } from '../actions.js'
import type { TaskNode } from '../model/tasks.js'
import { isFound } from '../page-state.js'
import { holds, tree } from '../room.js'
import { readTaskTexts, taskLabel, taskTexts } from '../task-texts.js'
import { AgentTag } from './agent.js'
import { Guard } from './guard.js'
import { Icon } from './icon.js'
import { show } from './sidebar.js'
import { Name, NothingHere, Text } from './text.js'

/** The most open roots that are drawn; a few done ones follow. */
const MAX_OPEN = 40
const DONE_SHOWN = 2
const MAX_DONE = 40
/** The deepest level that is drawn, and the most children of one task. */
const MAX_DEPTH = 6
const MAX_CHILDREN = 60

export const foundTasks = computed(() => tree.value.filter(matches))

export function Tasks(): JSX.Element {
  const isOpen = useSignal(false)
  const roots = foundTasks.value
  const open = roots.filter((node) => !isFinished(node)).slice(0, MAX_OPEN)
  const finished = roots.filter(isFinished)
  const done = finished.slice(0, isOpen.value ? MAX_DONE : DONE_SHOWN)
  const shown = [...open, ...done]
  useEffect(() => {
    void readTaskTexts(drawn(shown))
  })
  if (shown.length === 0) return <NothingHere what="task" none="No tasks." />
  return (
    <>
      <ul class="rows tasks">
        {shown.map((node) => (
          <Guard key={node.task.task_id} of={node.task} what="task">
            <TaskRow node={node} depth={0} />
          </Guard>
        ))}
      </ul>
      {finished.length > DONE_SHOWN && (
        <button
          type="button"
          class="more"
          onClick={() => {
            isOpen.value = !isOpen.value
          }}
        >
          {isOpen.value ? 'Fewer done tasks' : `${finished.length - DONE_SHOWN} more done tasks`}
        </button>
      )}
    </>
  )
}

function TaskRow({ node, depth }: { node: TaskNode; depth: number }): JSX.Element {
  const { task, children, total, done } = node
  const { task_id: id, thread_id: thread, channel, status } = task
  const text = taskTexts.value.get(id)
  const holder = holds.value.find(({ type, key }) => type === 'claim' && key === `task-${id}`)
  const label = taskLabel(id, text)
  const go = () =>
    show(thread !== null ? { kind: 'thread', name: thread } : { kind: 'channel', name: channel })
  return (
    <li class={`task task-${status}`} data-task={id}>
      <div class="row">
        <span class={`task-mark task-mark-${status}`} role="img" aria-label={status}>
          {status === 'done' && <Icon name="check" />}
        </span>
        <span class="row-text">
          <button type="button" class="row-title link-title" aria-label={label} onClick={go}>
            {text === undefined ? (
              `Task ${id}`
            ) : (
              <bdi>
                <Text text={text} />
              </bdi>
            )}
          </button>
          <span class="row-detail">
            {holder && <AgentTag id={holder.owner} />}
            {total > 0 && (
              <>
                <progress value={done} max={total} aria-label="subtasks done" />
                <span class="fraction">
                  {done}/{total}
                </span>
              </>
            )}
            {!holder && total === 0 && status === 'open' && <span>unclaimed</span>}
            {thread !== null && <Name text={thread} class="quiet" />}
            {status === 'open' && (
              <button
                type="button"
                class="button"
                aria-label={`Complete ${label}`}
                onClick={() => completeTask(id)}
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

/** The tasks that stand on the page. */
function drawn(nodes: readonly TaskNode[], depth = 0): Task[] {
  return visible(nodes, depth).flatMap(({ task, children }) => [task, ...drawn(children, depth + 1)])
}

function isFinished({ task, total, done }: TaskNode): boolean {
  return task.status === 'done' && done === total
}

/** Whether the search finds the task or one below it. No recursion: a tree may be deeper than the call stack. */
function matches(node: TaskNode): boolean {
  const open = [node]
  for (let next = open.pop(); next; next = open.pop()) {
    const { task_id: id, thread_id: thread } = next.task
    if (isFound(taskTexts.value.get(id), thread, String(id))) return true
    for (const child of next.children) open.push(child)
  }
  return false
}
