// One message: its author, time, kind, quoted message and body. Anybody may have written any of it, so it draws everything as
// text, and a bounded part of it.

import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import type { Message } from '../../protocol/objects.js'
import { completeTask } from '../actions.js'
import { replyTo, stretch } from '../feed.js'
import { focusComposer, focusMessage } from '../keys.js'
import { blocksOf, spansOf } from '../model/body.js'
import { taskLabel } from '../model/tasks.js'
import { beginning, bounded, LABEL_CHARS, plain } from '../model/text.js'
import { clock, fullTime } from '../model/times.js'
import type { View } from '../model/views.js'
import { tasksById } from '../room.js'
import { AgentName, AgentTag, Avatar, agentLabel } from './agent.js'
import { Attachment, Json } from './attachment.js'
import { Code } from './code.js'
import { useFold } from './fold.js'
import { Icon } from './icon.js'
import { show } from './sidebar.js'
import { Name, Text } from './text.js'

/** A longer body is folded. */
const FOLD_CHARS = 3_000
const FOLD_LINES = 30
/** The characters that a reply shows of the message that it answers. */
const QUOTE_CHARS = 160
/** A hub allows 32; another implementation may have stored more. */
const MAX_ATTACHMENTS = 40
/** A kind of this form becomes a class; the styles know some of them. */
const PLAIN_KIND = /^[a-z_]{1,20}$/

interface Props {
  readonly message: Message
  /** The message before it has the same author and kind, so this one has no header. */
  readonly isGrouped: boolean
  readonly view: View
}

/** A message's name in the labels of its buttons, which tells them apart from those of other messages. */
function labelOf({ id, from_agent: from, body }: Message): string {
  const said = plain(beginning(body.trim(), LABEL_CHARS))
  return `message ${id} by ${agentLabel(from)}${said === '' ? '' : `: ${said}`}`
}

export function MessageRow({ message, isGrouped, view }: Props): JSX.Element | null {
  const { id, from_agent: from, to_agent: to, kind, thread_id: thread, ts } = message
  const isQuiet = kind === 'notice' || kind === 'claim' || kind === 'release'
  const atMs = Date.parse(ts)
  const time = (
    <time dateTime={bounded(ts)} title={fullTime(atMs)}>
      {clock(atMs)}
    </time>
  )
  return (
    <li
      class={`message${isGrouped ? ' grouped' : ''}${isQuiet ? ' low' : ''}`}
      data-id={id}
      data-kind={bounded(kind)}
      tabIndex={-1}
    >
      <div class="gutter">{isGrouped ? time : <Avatar id={from} />}</div>
      <div class="content">
        {!isGrouped && (
          <header class="message-header">
            <AgentName id={from} />
            {kind !== 'chat' && (
              <span class={PLAIN_KIND.test(kind) ? `kind kind-label-${kind}` : 'kind'}>
                <Name text={kind.replace('_', ' ')} />
              </span>
            )}
            {to !== null && view.kind !== 'direct' && (
              <span class="to">
                to <AgentName id={to} />
              </span>
            )}
            {thread !== null && !(view.kind === 'thread' && view.name === thread) && (
              <button
                type="button"
                class="thread-link"
                aria-label={`Open thread ${plain(thread)}`}
                onClick={() => show({ kind: 'thread', name: thread })}
              >
                <Name text={thread} />
              </button>
            )}
            {time}
            <TaskState message={message} />
          </header>
        )}
        <ReplyLine message={message} />
        <Body text={message.body} what={labelOf(message)} />
        {message.attachments.slice(0, MAX_ATTACHMENTS).map((attachment, i) => (
          <Attachment key={i} attachment={attachment} what={`attachment ${i + 1} of ${labelOf(message)}`} />
        ))}
        {message.attachments.length > MAX_ATTACHMENTS && (
          <p class="quiet">{message.attachments.length - MAX_ATTACHMENTS} more attachments</p>
        )}
        <Metadata metadata={message.metadata} what={labelOf(message)} />
      </div>
      <button
        type="button"
        class="reply"
        title="Reply"
        aria-label={`Reply to ${labelOf(message)}`}
        onClick={() => {
          replyTo.value = message
          focusComposer()
        }}
      >
        <Icon name="reply" />
      </button>
    </li>
  )
}

function ReplyLine({ message }: { message: Message }): JSX.Element | null {
  const { reply_to: id } = message
  if (id === null) return null
  const original = stretch.value.messages.find((other) => other.id === id)
  return (
    <button
      type="button"
      class="reply-line"
      aria-label={original && `In reply to ${labelOf(original)}`}
      onClick={() => focusMessage(id)}
      disabled={!original}
    >
      <Icon name="reply" />
      {original ? (
        <>
          <AgentTag id={original.from_agent} />
          <span class="reply-text">
            <Text text={beginning(original.body, QUOTE_CHARS)} />
          </span>
        </>
      ) : (
        <span class="reply-text">to message {id}</span>
      )}
    </button>
  )
}

function Body({ text, what }: { text: string; what: string }): JSX.Element | null {
  const { shown, more } = useFold(text, FOLD_CHARS, FOLD_LINES, what)
  return (
    <>
      {blocksOf(shown).map((block, i) =>
        block.type === 'code' ? (
          <Code key={i} text={block.text} language={block.language} what={`code of ${what}`} />
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
      {more}
    </>
  )
}

interface MetadataProps {
  readonly metadata: Message['metadata']
  readonly what: string
}

function Metadata({ metadata, what }: MetadataProps): JSX.Element | null {
  const isOpen = useSignal(false)
  if (Object.keys(metadata).length === 0) return null
  return (
    <div class="metadata">
      <button
        type="button"
        class="metadata-toggle"
        aria-label={`metadata of ${what}`}
        aria-expanded={isOpen.value}
        onClick={() => {
          isOpen.value = !isOpen.value
        }}
      >
        metadata
      </button>
      {isOpen.value && (
        <figure class="attachment">
          <Json caption="JSON" value={metadata} what={`metadata of ${what}`} />
        </figure>
      )}
    </div>
  )
}

/** The state of a task, in the header, which each task has. */
function TaskState({ message }: { message: Message }): JSX.Element | null {
  const task = isTask(message) ? tasksById.value.get(message.id) : undefined
  if (!task) return null
  return task.status === 'done' ? (
    <span class="done">
      <Icon name="check" />
      done
    </span>
  ) : (
    <button
      type="button"
      class="button"
      aria-label={`Complete ${taskLabel(message.id, message.body)}`}
      onClick={() => completeTask(task.task_id)}
    >
      Complete
    </button>
  )
}

export function isTask({ kind }: Message): boolean {
  return kind === 'task' || kind === 'task_request'
}
