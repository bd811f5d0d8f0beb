// Tasks as a tree: what is open first, with the progress of each branch, and who has claimed what.

import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { completeTask } from '../actions.js'
import type { TaskNode } from '../model/tasks.js'
import { isFound } from '../page-state.js'
import { holds, tree } from '../room.js'
import { readTaskTexts, taskTexts } from '../task-texts.js'
import { AgentTag } from './agent.js'
import { Icon } from './icon.js'
import { show } from './sidebar.js'
import { Name, Text } from './text.js'

/** Roots that are shown: all that are open up to this number, and a few that are done. */
const MAX_OPEN = 40
const DONE_SHOWN = 2
const MAX_DONE = 40

export function Tasks(): JSX.Element {
  const isOpen = useSignal(false)
  const roots = tree.value.filter(matches)
  const open = roots.filter((node) => !isFinished(node)).slice(0, MAX_OPEN)
  const finished = roots.filter(isFinished)
  const done = finished.slice(0, isOpen.value ? MAX_DONE : DONE_SHOWN)
  const shown = [...open, ...done]
  useEffect(() => {
    void readTaskTexts(shown.flatMap(flat).map(({ task }) => task))
  })
  if (shown.length === 0) return <p class="panel-empty">No tasks.</p>
  return (
    <>
      <ul class="rows tasks">
        {shown.map((node) => (
          <TaskRow key={node.task.task_id} node={node} />
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
          {isOpen.value ? 'Fewer' : `${finished.length - DONE_SHOWN} more done`}
        </button>
      )}
    </>
  )
}

function TaskRow({ node }: { node: TaskNode }): JSX.Element {
  const { task, children, total, done } = node
  const { task_id: id, thread_id: thread, channel, status } = task
  const text = taskTexts.value.get(id)
  const holder = holds.value.find(({ type, key }) => type === 'claim' && key === `task-${id}`)
  const go = () =>
    show(thread !== null ? { kind: 'thread', name: thread } : { kind: 'channel', name: channel })
  return (
    <li class={`task task-${status}`} data-task={id}>
      <div class="row">
        <span class={`task-mark task-mark-${status}`} role="img" aria-label={status}>
          {status === 'done' && <Icon name="check" />}
        </span>
        <span class="row-text">
          <button type="button" class="row-title link-title" onClick={go}>
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
          </span>
        </span>
        {status === 'open' && (
          <button type="button" class="button" onClick={() => completeTask(id)}>
            Complete
          </button>
        )}
      </div>
      {children.length > 0 && (
        <ul class="subtasks">
          {children.map((child) => (
            <TaskRow key={child.task.task_id} node={child} />
          ))}
        </ul>
      )}
    </li>
  )
}

function isFinished({ task, total, done }: TaskNode): boolean {
  return task.status === 'done' && done === total
}

function flat(node: TaskNode): TaskNode[] {
  return [node, ...node.children.flatMap(flat)]
}

function matches(node: TaskNode): boolean {
  return flat(node).some(({ task }) =>
    isFound(taskTexts.value.get(task.task_id), task.thread_id, String(task.task_id)),
  )
}
