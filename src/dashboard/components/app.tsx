// The page: agents and channels on the left, messages in the middle, holds and tasks on the right. A narrow window shows one
// of the three at a time.

import { useSignalEffect } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { view } from '../feed.js'
import { unreadCount } from '../inbox.js'
import { onKey } from '../keys.js'
import { type Pane, pane } from '../page-state.js'
import { hub } from '../room.js'
import { ActivityView } from './activity.js'
import { Banners } from './banners.js'
import { Composer } from './composer.js'
import { Feed } from './feed.js'
import { FeedHeader } from './feed-header.js'
import { Guard } from './guard.js'
import { Help } from './help.js'
import { Icon, type IconName } from './icon.js'
import { Sidebar } from './sidebar.js'
import { Work } from './work.js'

const PANES: readonly { readonly name: Pane; readonly label: string; readonly icon: IconName }[] = [
  { name: 'people', label: 'Room', icon: 'people' },
  { name: 'feed', label: 'Feed', icon: 'thread' },
  { name: 'work', label: 'Work', icon: 'check' },
]

export function App(): JSX.Element {
  useEffect(() => {
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
  useSignalEffect(() => {
    document.title = unreadCount.value > 0 ? `(${unreadCount.value}) Arc` : 'Arc'
  })
  const isActivity = view.value.kind === 'activity'
  return (
    <div class="app" data-pane={pane.value}>
      <Banners />
      <div class="columns">
        <Guard of={hub.value} what="room" tag="div">
          <Sidebar />
        </Guard>
        <main class="middle">
          <Guard of={view.value} what="view" tag="div">
            {isActivity ? (
              <ActivityView />
            ) : (
              <>
                <FeedHeader />
                <Feed />
                <Composer />
              </>
            )}
          </Guard>
        </main>
        <Work />
      </div>
      <nav class="tabs" aria-label="Parts of the page">
        {PANES.map(({ name, label, icon }) => (
          <button
            key={name}
            type="button"
            class="tab"
            aria-current={pane.value === name}
            onClick={() => {
              pane.value = name
            }}
          >
            <Icon name={icon} />
            {label}
            {name === 'people' && unreadCount.value > 0 && <span class="badge">{unreadCount.value}</span>}
          </button>
        ))}
      </nav>
      <Help />
    </div>
  )
}
