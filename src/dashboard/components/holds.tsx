// Claims and locks that are held: by whom, and for how long still.

import type { JSX } from 'preact'
import { release } from '../actions.js'
import type { Hold } from '../model/holds.js'
import { bounded, LABEL_CHARS, plain } from '../model/text.js'
import { countdown } from '../model/times.js'
import { isFound } from '../page-state.js'
import { holds, me, now } from '../room.js'
import { taskTexts } from '../task-texts.js'
import { AgentTag } from './agent.js'
import { Guard } from './guard.js'
import { Icon } from './icon.js'
import { Name, Text } from './text.js'

/** A lease with less than this left is about to run out. */
const SOON_MS = 30_000

export function Holds(): JSX.Element {
  const shown = holds.value.filter(({ key, owner }) => isFound(key, owner))
  if (shown.length === 0) return <p class="panel-empty">Nothing is held.</p>
  return (
    <ul class="rows holds">
      {shown.map((hold) => (
        <Guard key={`${hold.type} ${hold.key}`} of={hold} what={hold.type}>
          <HoldRow hold={hold} />
        </Guard>
      ))}
    </ul>
  )
}

/** The task that a claim without a key of its own is about (PROTOCOL §6). */
const taskOf = (key: string) => Number(/^task-([0-9]+)$/.exec(key)?.[1])

function HoldRow({ hold }: { hold: Hold }): JSX.Element {
  const { type, key, owner, expiresMs } = hold
  const about = type === 'claim' ? taskTexts.value.get(taskOf(key)) : undefined
  const leftMs = expiresMs - now.value
  return (
    <li class="row hold" data-type={type} data-key={bounded(key, 300)}>
      <Icon name={type === 'lock' ? 'lock' : 'flag'} />
      <span class="row-text">
        <span class="row-title">
          {about === undefined ? (
            <Name text={key} class="path" />
          ) : (
            <bdi>
              <Text text={about} />
            </bdi>
          )}
        </span>
        <span class="row-detail">
          <AgentTag id={owner} />
          {about !== undefined && <Name text={key} class="path" />}
        </span>
      </span>
      <span class={leftMs < SOON_MS ? 'countdown soon' : 'countdown'} title={`${type}, time left`}>
        {countdown(leftMs)}
      </span>
      {owner === me.value && (
        <button
          type="button"
          class="button"
          aria-label={`Release ${type} ${plain(key, LABEL_CHARS)}`}
          onClick={() => release(hold)}
        >
          Release
        </button>
      )}
    </li>
  )
}
