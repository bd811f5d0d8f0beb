// The header of the feed: the view's name, its state, and the search field.

import type { JSX } from 'preact'
import { view } from '../feed.js'
import { kindFilter, needle } from '../page-state.js'
import { channels, hub, threads } from '../room.js'
import { AgentName } from './agent.js'
import { Icon, type IconName } from './icon.js'
import { Name } from './text.js'
import { ThreadCounts, ThreadStatus } from './threads.js'

const ICONS: Record<'channel' | 'thread' | 'direct' | 'inbox', IconName> = {
  channel: 'hash',
  thread: 'thread',
  direct: 'people',
  inbox: 'inbox',
}

export function FeedHeader(): JSX.Element | null {
  const { kind, name } = view.value
  if (kind === 'activity') return null
  return (
    <header class="feed-header">
      <h1>
        <Icon name={ICONS[kind]} />
        {kind === 'inbox' ? 'Inbox' : kind === 'direct' ? <AgentName id={name} /> : <Name text={name} />}
      </h1>
      <Subtitle />
      <div class="find">
        <label class="find-field">
          <Icon name="find" />
          <input
            id="find"
            type="search"
            placeholder="Find"
            aria-label="Find in what is shown"
            value={needle.value}
            onInput={({ currentTarget }) => {
              needle.value = currentTarget.value.toLowerCase()
            }}
          />
        </label>
        <select
          aria-label="Show kinds"
          value={kindFilter.value}
          onChange={({ currentTarget }) => {
            kindFilter.value = currentTarget.value
          }}
        >
          <option value="">All kinds</option>
          {hub.value?.message_kinds.map((kind) => (
            <option key={kind} value={kind}>
              {kind.replace('_', ' ')}
            </option>
          ))}
        </select>
      </div>
    </header>
  )
}

function Subtitle(): JSX.Element | null {
  const { kind, name } = view.value
  if (kind === 'thread') {
    const thread = threads.value.find((summary) => summary.thread_id === name)
    return (
      <p class="subtitle">
        {thread && <ThreadStatus status={thread.status} />}
        {thread && <ThreadCounts thread={thread} />}
      </p>
    )
  }
  if (kind === 'direct') return <p class="subtitle">between you and this agent</p>
  if (kind === 'inbox') return <p class="subtitle">direct messages to you</p>
  const by = channels.value.find((channel) => channel.name === name)?.created_by
  return (
    <p class="subtitle">
      {by && by !== 'system' && (
        <>
          by <AgentName id={by} />
        </>
      )}
    </p>
  )
}
