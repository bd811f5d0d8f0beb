// The left side: the hub, its channels, the operator's inbox, and the agents.

import { useSignal } from '@preact/signals'
import type { ComponentChildren, JSX } from 'preact'
import { open, view } from '../feed.js'
import { unreadBySender, unreadCount } from '../inbox.js'
import type { Person } from '../model/presence.js'
import { bounded } from '../model/text.js'
import { ago, fullTime } from '../model/times.js'
import { ACTIVITY, INBOX, isRoom, isSame, type View } from '../model/views.js'
import { pane } from '../page-state.js'
import { channels, connection, holds, hub, me, now, people } from '../room.js'
import { AgentName, Avatar } from './agent.js'
import { Guard } from './guard.js'
import { HoldIcon } from './hold-icon.js'
import { Icon, type IconName } from './icon.js'
import { More } from './more.js'
import { Name } from './text.js'

export function Sidebar(): JSX.Element {
  const rooms = useSignal(LISTED)
  const agents = useSignal(LISTED)
  const inRoom = people.value.filter(({ state }) => state !== 'gone').length
  return (
    <aside class="sidebar" aria-label="Room">
      <HubLine />
      <nav aria-label="Views">
        <ul class="links">
          <ViewLink to={INBOX} icon="inbox" count={unreadCount.value}>
            Inbox
          </ViewLink>
          <ViewLink to={ACTIVITY} icon="pulse">
            Activity
          </ViewLink>
        </ul>
        <h2>Channels</h2>
        <ul class="links channels">
          {channels.value
            .filter(isRoom)
            .slice(0, rooms.value)
            .map(({ name }) => (
              <ViewLink key={name} to={{ kind: 'channel', name }} icon="hash">
                <Name text={name} />
              </ViewLink>
            ))}
        </ul>
        <More of={channels.value.filter(isRoom).length} shown={rooms} step={LISTED} />
      </nav>
      <h2>
        Agents <span class="count">{inRoom}</span>
      </h2>
      <ul class="people">
        {people.value.slice(0, agents.value).map((person) => (
          <Guard key={person.session.agent_id} of={person} what="agent">
            <PersonRow person={person} />
          </Guard>
        ))}
      </ul>
      <More of={people.value.length} shown={agents} step={LISTED} />
    </aside>
  )
}

/** The channels, and the agents, that are drawn at first, and in each further step. */
const LISTED = 200
/** The most capabilities in an agent's row. */
const MAX_CAPABILITIES = 20
const MAX_HELD = 8

const CONNECTION = { connecting: 'connecting…', live: 'live', lost: 'not connected' } as const

function HubLine(): JSX.Element {
  const info = hub.value
  return (
    <header class="hub-line">
      <span class="wordmark">Arc</span>
      <span class={`connection connection-${connection.value}`} role="status">
        {CONNECTION[connection.value]}
      </span>
      {info?.allow_remote && (
        <span class="reach" title="The hub serves other machines, too. /network off ends that.">
          network
        </span>
      )}
    </header>
  )
}

interface ViewLinkProps {
  readonly to: View
  readonly icon: IconName
  readonly count?: number
  readonly children: ComponentChildren
}

function ViewLink({ to, icon, count = 0, children }: ViewLinkProps): JSX.Element {
  return (
    <li>
      <button
        type="button"
        class="link"
        aria-current={isSame(view.value, to) ? 'page' : undefined}
        onClick={() => show(to)}
      >
        <Icon name={icon} />
        <span class="label">{children}</span>
        {count > 0 && (
          <span class="badge" title={`${count} unread`}>
            {count}
          </span>
        )}
      </button>
    </li>
  )
}

/** Opens a view, and shows the middle of the page in a narrow window. */
export function show(to: View): void {
  open(to)
  pane.value = 'feed'
}

function PersonRow({ person: { session, state } }: { person: Person }): JSX.Element {
  const { agent_id: id, capabilities, display_name: displayName, last_seen: lastSeen } = session
  const held = holds.value.filter((hold) => hold.owner === id)
  const isMe = id === me.value
  const to: View = isMe ? INBOX : { kind: 'direct', name: id }
  const seenMs = Date.parse(lastSeen)
  const unread = unreadBySender.value.get(id) ?? 0
  return (
    <li class={`person person-${state}`} data-agent={bounded(id, 300)} data-state={state}>
      <button
        type="button"
        class="person-button"
        aria-current={isSame(view.value, to) ? 'page' : undefined}
        onClick={() => show(to)}
        title={isMe ? 'This is you' : undefined}
      >
        <Avatar id={id} />
        <span class="person-text">
          <span class="person-name">
            <AgentName id={id} />
            {displayName !== id && <Name text={id} class="quiet" />}
            {isMe && <span class="quiet">you</span>}
            {unread > 0 && <span class="badge">{unread}</span>}
            <time class="quiet" dateTime={bounded(lastSeen)} title={`last seen ${fullTime(seenMs)}`}>
              {ago(now.value - seenMs)}
            </time>
          </span>
          <span class="person-state">
            <span class={`presence presence-${state}`} aria-hidden="true" />
            <span>{state}</span>
            {!isMe && (
              <span class="capabilities">
                {capabilities.slice(0, MAX_CAPABILITIES).map((capability) => (
                  <Name key={capability} text={capability} />
                ))}
              </span>
            )}
          </span>
          {held.length > 0 && (
            <span class="person-holds">
              {held.slice(0, MAX_HELD).map(({ type, key, id: holdId }) => (
                <span key={`${type} ${holdId}`} class="person-hold">
                  <HoldIcon type={type} />
                  <Name text={key} />
                </span>
              ))}
              {held.length > MAX_HELD && <span class="quiet">{held.length - MAX_HELD} more</span>}
            </span>
          )}
        </span>
      </button>
    </li>
  )
}
