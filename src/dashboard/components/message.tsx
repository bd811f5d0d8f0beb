// One message: who, when, of what kind, in answer to what, and what it says. Everything in it may have been written by
// anybody, and is shown as text.

import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import type { Message } from '../../protocol/objects.js'
import { completeTask } from '../actions.js'
import { replyTo, stretch } from '../feed.js'
import { focusComposer, focusMessage } from '../keys.js'
import { blocksOf, headOf, spansOf } from '../model/body.js'
import { clock, fullTime } from '../model/times.js'
import type { View } from '../model/views.js'
import { tasks } from '../room.js'
import { AgentName, AgentTag, Avatar } from './agent.js'
import { Attachment } from './attachment.js'
import { Code } from './code.js'
import { Icon } from './icon.js'
import { show } from './sidebar.js'
import { Name, Text } from './text.js'

/** A longer body is folded. */
const FOLD_CHARS = 3_000
const FOLD_LINES = 30

interface Props {
  readonly message: Message
  /** The one before it is of the same agent and kind: the name is not repeated. */
  readonly isGrouped: boolean
  readonly view: View
}

export function MessageRow({ message, isGrouped, view }: Props): JSX.Element | null {
  const { id, from_agent: from, to_agent: to, kind, thread_id: thread, ts } = message
  const isQuiet = kind === 'notice' || kind === 'claim' || kind === 'release'
  const atMs = Date.parse(ts)
  const time = (
    <time dateTime={ts} title={fullTime(atMs)}>
      {clock(atMs)}
    </time>
  )
  return (
    <li
      class={`message kind-${kind}${isGrouped ? ' grouped' : ''}${isQuiet ? ' low' : ''}`}
      data-id={id}
      data-kind={kind}
      tabIndex={-1}
    >
      <div class="gutter">{isGrouped ? time : <Avatar id={from} />}</div>
      <div class="content">
        {!isGrouped && (
          <header class="message-header">
            <AgentName id={from} />
            {kind !== 'chat' && <span class={`kind kind-label-${kind}`}>{kind.replace('_', ' ')}</span>}
            {to !== null && view.kind !== 'direct' && (
              <span class="to">
                to <AgentName id={to} />
              </span>
            )}
            {thread !== null && !(view.kind === 'thread' && view.name === thread) && (
              <button
                type="button"
                class="thread-link"
                title="Open this thread"
                onClick={() => show({ kind: 'thread', name: thread })}
              >
                <Name text={thread} />
              </button>
            )}
            {time}
          </header>
        )}
        <ReplyLine message={message} />
        <Body text={message.body} />
        {message.attachments.map((attachment, i) => (
          <Attachment key={i} attachment={attachment} />
        ))}
        <Metadata metadata={message.metadata} />
      </div>
      <Actions message={message} />
    </li>
  )
}

function ReplyLine({ message }: { message: Message }): JSX.Element | null {
  const { reply_to: id } = message
  if (id === null) return null
  const original = stretch.value.messages.find((other) => other.id === id)
  return (
    <button type="button" class="reply-line" onClick={() => focusMessage(id)} disabled={!original}>
      <Icon name="reply" />
      {original ? (
        <>
          <AgentTag id={original.from_agent} />
          <span class="reply-text">
            <Text text={original.body.slice(0, 160)} />
          </span>
        </>
      ) : (
        <span class="reply-text">to message {id}</span>
      )}
    </button>
  )
}

function Body({ text }: { text: string }): JSX.Element | null {
  const isOpen = useSignal(false)
  const head = isOpen.value ? undefined : headOf(text, FOLD_CHARS, FOLD_LINES)
  return (
    <>
      {blocksOf(head ?? text).map((block, i) =>
        block.type === 'code' ? (
          <Code key={i} text={block.text} language={block.language} />
        ) : (
          <p key={i} class="body" dir="auto">
            {spansOf(block.text).map((span) =>
              span.code ? (
                <code>
                  <Text text={span.text} />
                </code>
              ) : (
                <Text text={span.text} lines />
              ),
            )}
          </p>
        ),
      )}
      {head !== undefined && (
        <button
          type="button"
          class="unfold"
          onClick={() => {
            isOpen.value = true
          }}
        >
          Show all {text.length.toLocaleString()} characters
        </button>
      )}
    </>
  )
}

function Metadata({ metadata }: { metadata: Message['metadata'] }): JSX.Element | null {
  const isOpen = useSignal(false)
  if (Object.keys(metadata).length === 0) return null
  return (
    <div class="metadata">
      <button
        type="button"
        class="metadata-toggle"
        aria-expanded={isOpen.value}
        onClick={() => {
          isOpen.value = !isOpen.value
        }}
      >
        metadata
      </button>
      {isOpen.value && <Code text={JSON.stringify(metadata, null, 2)} language="json" />}
    </div>
  )
}

function Actions({ message }: { message: Message }): JSX.Element | null {
  const isTask = message.kind === 'task' || message.kind === 'task_request'
  const task = isTask ? tasks.value.find(({ task_id: id }) => id === message.id) : undefined
  return (
    <div class="row-actions">
      {task?.status === 'open' && (
        <button type="button" class="button" onClick={() => completeTask(task.task_id)}>
          Complete
        </button>
      )}
      {task?.status === 'done' && (
        <span class="done">
          <Icon name="check" />
          done
        </span>
      )}
      <button
        type="button"
        class="button"
        onClick={() => {
          replyTo.value = message
          focusComposer()
        }}
      >
        Reply
      </button>
    </div>
  )
}
