// Claims and locks that are held: by whom, and for how long still.

import type { JSX } from 'preact'
import { release } from '../actions.js'
import type { Hold } from '../model/holds.js'
import { countdown } from '../model/times.js'
import { isFound } from '../page-state.js'
import { holds, me, now } from '../room.js'
import { AgentTag } from './agent.js'
import { Icon } from './icon.js'
import { Name } from './text.js'

/** A lease with less than this left is about to run out. */
const SOON_MS = 30_000

export function Holds(): JSX.Element {
  const shown = holds.value.filter(({ key, owner }) => isFound(key, owner))
  if (shown.length === 0) return <p class="panel-empty">Nothing is held.</p>
  return (
    <ul class="rows holds">
      {shown.map((hold) => (
        <HoldRow key={`${hold.type} ${hold.key}`} hold={hold} />
      ))}
    </ul>
  )
}

function HoldRow({ hold }: { hold: Hold }): JSX.Element {
  const { type, key, owner, expiresMs } = hold
  const leftMs = expiresMs - now.value
  return (
    <li class="row hold" data-type={type} data-key={key}>
      <Icon name={type === 'lock' ? 'lock' : 'flag'} />
      <span class="row-text">
        <span class="row-title">
          <Name text={key} class="path" />
        </span>
        <span class="row-detail">
          <AgentTag id={owner} />
        </span>
      </span>
      <span class={leftMs < SOON_MS ? 'countdown soon' : 'countdown'} title={`${type}, time left`}>
        {countdown(leftMs)}
      </span>
      {owner === me.value && (
        <button type="button" class="button" onClick={() => release(hold)}>
          Release
        </button>
      )}
    </li>
  )
}
