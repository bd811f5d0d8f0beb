// Threads with their status (open, waiting or completed) and counts.

import { computed, useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import type { ThreadSummary } from '../../protocol/objects.js'
import { view } from '../feed.js'
import { bounded } from '../model/text.js'
import { ago } from '../model/times.js'
import { isSame, type View } from '../model/views.js'
import { isFound, needle } from '../page-state.js'
import { now, threads, wantThreads } from '../room.js'
import { Guard } from './guard.js'
import { show } from './sidebar.js'
import { Name, NothingHere } from './text.js'

const SHOWN = 12
const MAX_SHOWN = 200

export const foundThreads = computed(() =>
  threads.value.filter(({ thread_id: id, channel }) => isFound(id, channel)),
)

export function Threads(): JSX.Element {
  const isOpen = useSignal(false)
  useEffect(() => wantThreads(isOpen.value || needle.value !== ''))
  const found = foundThreads.value
  if (found.length === 0) return <NothingHere what="thread" none="No threads." />
  return (
    <>
      <ul class="rows threads">
        {found.slice(0, isOpen.value ? MAX_SHOWN : SHOWN).map((thread) => (
          <Guard key={thread.thread_id} of={thread} what="thread">
            <ThreadRow thread={thread} />
          </Guard>
        ))}
      </ul>
      {found.length > SHOWN && (
        <button
          type="button"
          class="more"
          onClick={() => {
            isOpen.value = !isOpen.value
          }}
        >
          {isOpen.value ? 'Fewer threads' : `${found.length - SHOWN} more threads`}
        </button>
      )}
    </>
  )
}

function ThreadRow({ thread }: { thread: ThreadSummary }): JSX.Element {
  const { thread_id: id, status, latest_message_ts: latest } = thread
  const to: View = { kind: 'thread', name: id }
  return (
    <li data-thread={bounded(id, 300)}>
      <button
        type="button"
        class="row thread"
        aria-current={isSame(view.value, to) ? 'page' : undefined}
        onClick={() => show(to)}
      >
        <span class="row-text">
          <span class="row-title">
            <Name text={id} />
          </span>
          <span class="row-detail">
            <ThreadStatus status={status} />
            <ThreadCounts thread={thread} />
          </span>
        </span>
        {latest !== null && <span class="quiet">{ago(now.value - Date.parse(latest))}</span>}
      </button>
    </li>
  )
}

export function ThreadStatus({ status }: { status: ThreadSummary['status'] }): JSX.Element {
  return <span class={`status status-${status}`}>{status}</span>
}

export function ThreadCounts({ thread }: { thread: ThreadSummary }): JSX.Element {
  const {
    message_count: messages,
    total_task_count: total,
    open_task_count: open,
    active_claim_count: claims,
    active_lock_count: locks,
  } = thread
  return (
    <span class="thread-counts">
      {counted(messages, 'message')}
      {total > 0 && ` · ${total - open}/${total} tasks`}
      {claims > 0 && ` · ${counted(claims, 'claim')}`}
      {locks > 0 && ` · ${counted(locks, 'lock')}`}
    </span>
  )
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString()} ${noun}${count === 1 ? '' : 's'}`
}
