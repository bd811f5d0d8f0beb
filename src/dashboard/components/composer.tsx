// The operator's input: Enter sends, Shift and Enter begins a line, a slash begins a command. The page's reply (a refusal, a
// list of channels) is above it.

import type { JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { isHelpOpen, notice, send } from '../actions.js'
import { draft, keepDraft, replyTo, view } from '../feed.js'
import { focusMessage, isComposing } from '../keys.js'
import { suggestions } from '../model/commands.js'
import { beginning, LABEL_CHARS, plain } from '../model/text.js'
import { isSame } from '../model/views.js'
import { connection, operator } from '../room.js'
import { AgentTag, agentLabel } from './agent.js'
import { Icon } from './icon.js'
import { Name, Text } from './text.js'

/** The input grows to this height, and to this part of the window's. */
const MAX_HEIGHT_PX = 220
const MAX_HEIGHT_SHARE = 0.35
/** The characters that it shows of a refusal, which may repeat the input, or of a listing. */
const MAX_NOTICE_CHARS = 1_000
const MAX_NOTICE_ROWS = 200
const QUOTE_CHARS = 160

export function Composer(): JSX.Element | null {
  const field = useRef<HTMLTextAreaElement>(null)

  useLayoutEffect(() => {
    const box = field.current
    if (!box) return
    box.style.height = 'auto'
    const most = Math.min(MAX_HEIGHT_PX, innerHeight * MAX_HEIGHT_SHARE)
    box.style.height = `${Math.min(box.scrollHeight, most)}px`
  }, [draft.value])

  const submit = async () => {
    const text = draft.value
    const to = view.value
    const answers = replyTo.value
    draft.value = ''
    if (await send(text)) return
    // A text that the hub refuses returns to the input, unless the operator has typed another one or opened another view.
    if (!isSame(to, view.value)) keepDraft(to, text, answers)
    else if (draft.value === '') draft.value = text
  }

  const onKeyDown = (event: KeyboardEvent) => {
    if (isComposing(event)) return
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault()
      void submit()
    } else if (event.key === 'Tab' && !event.shiftKey) {
      const [first] = suggestions(draft.value)
      if (!first) return
      event.preventDefault()
      draft.value = `/${first.name} `
    } else if (event.key === 'Escape') {
      const answered = replyTo.value
      replyTo.value = undefined
      notice.value = undefined
      field.current?.blur()
      if (answered) focusMessage(answered.id)
    }
  }

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault()
        void submit()
      }}
    >
      <NoticePanel />
      <ReplyPanel />
      <Suggestions draft={draft.value} />
      <div class="composer-row">
        <textarea
          id="composer"
          ref={field}
          rows={1}
          dir="auto"
          value={draft.value}
          placeholder={placeholder()}
          aria-label="Message or command"
          onInput={({ currentTarget }) => {
            draft.value = currentTarget.value
          }}
          onKeyDown={onKeyDown}
        />
        <button type="submit" class="button primary" disabled={connection.value !== 'live'}>
          Send
        </button>
      </div>
      <p class="composer-foot">
        <span>
          {operator.value && (
            <>
              as <Name text={operator.value.display_name} class="agent-name" />
            </>
          )}
        </span>
        <button
          type="button"
          class="foot-link"
          onClick={() => {
            isHelpOpen.value = true
          }}
        >
          Commands and keys
        </button>
      </p>
    </form>
  )
}

function placeholder(): string {
  const { kind, name } = view.value
  if (kind === 'channel') return `Message #${plain(name, LABEL_CHARS)}`
  if (kind === 'thread') return `Message ${plain(name, LABEL_CHARS)}`
  if (kind === 'direct') return `Message ${agentLabel(name)}`
  return 'Reply to a message'
}

function NoticePanel(): JSX.Element | null {
  const current = notice.value
  if (!current) return <div role="status" />
  return (
    <div class={`notice notice-${current.kind}`} role={current.kind === 'error' ? 'alert' : 'status'}>
      <p>
        <Text text={beginning(current.title, MAX_NOTICE_CHARS)} />
      </p>
      {current.rows && (
        <dl>
          {current.rows.slice(0, MAX_NOTICE_ROWS).map(({ label, text }) => (
            <div key={label}>
              <dt>
                <Name text={label} />
              </dt>
              <dd>
                <bdi>
                  <Text text={beginning(text, MAX_NOTICE_CHARS)} />
                </bdi>
              </dd>
            </div>
          ))}
        </dl>
      )}
      <button
        type="button"
        class="dismiss"
        aria-label="Dismiss"
        onClick={() => {
          notice.value = undefined
        }}
      >
        <Icon name="close" />
      </button>
    </div>
  )
}

function ReplyPanel(): JSX.Element | null {
  const answered = replyTo.value
  if (!answered) return null
  return (
    <div class="reply-panel">
      <Icon name="reply" />
      <AgentTag id={answered.from_agent} />
      <span class="reply-text">
        <Text text={beginning(answered.body, QUOTE_CHARS)} />
      </span>
      <button
        type="button"
        class="dismiss"
        aria-label="Do not reply"
        onClick={() => {
          replyTo.value = undefined
        }}
      >
        <Icon name="close" />
      </button>
    </div>
  )
}

function Suggestions({ draft }: { draft: string }): JSX.Element | null {
  const found = suggestions(draft)
  if (found.length === 0) return null
  return (
    <ul class="suggestions" aria-label="Commands">
      {found.map(({ name, usage, does }) => (
        <li key={name}>
          <code>{usage}</code>
          <span class="quiet">{does}</span>
        </li>
      ))}
    </ul>
  )
}
