// The page's entry: it connects to the hub and draws the page.

import { render } from 'preact'
import { App } from './components/app.js'
import { arrived, feedState, load, seen } from './feed.js'
import { readUnread } from './inbox.js'
import { Live } from './live.js'
import { signIn } from './operator.js'
import { readPast } from './past.js'
import * as room from './room.js'
import './styles/base.css'
import './styles/layout.css'
import './styles/feed.css'
import './styles/message.css'
import './styles/attachments.css'
import './styles/composer.css'
import './styles/help.css'
import './styles/panels.css'
import './styles/plots.css'

const live = new Live({
  state(state) {
    room.connection.value = state
  },
  hub(info, isNew) {
    if (isNew) room.forget()
    room.hub.value = info
  },
  async signIn() {
    const signedIn = await signIn()
    room.signedIn(signedIn)
    return signedIn
  },
  async missed(latestId) {
    await Promise.all([load(), readUnread(), readPast(latestId)])
    seen()
  },
  messages(messages) {
    arrived(messages)
    room.heard(messages, true)
  },
  changed: room.changed,
  opened() {
    room.readAll()
    if (feedState.value === 'failed') void load()
  },
  look: room.look,
})

const root = document.getElementById('app')
if (root) render(<App />, root)
void live.run()
