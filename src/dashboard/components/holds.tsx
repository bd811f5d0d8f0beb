// What is held: claims, locks, scopes and slots, with their holders and countdowns.

import { computed } from '@preact/signals'
import type { JSX } from 'preact'
import { release } from '../actions.js'
import type { Hold } from '../model/holds.js'
import { bounded, LABEL_CHARS, plain } from '../model/text.js'
import { countdown } from '../model/times.js'
import { isFound } from '../page-state.js'
import { displayNames, holds, me, now, tasksById } from '../room.js'
import { AgentTag } from './agent.js'
import { Guard } from './guard.js'
import { HoldIcon } from './hold-icon.js'
import { Name, NothingHere, Text } from './text.js'

/** A lease with less than this left is about to run out. */
const SOON_MS = 30_000

/** The most waiting agents that a row names. */
const MAX_WAITING = 3

/** The most holds that are drawn, with their countdowns. */
const MAX_SHOWN = 100

export const foundHolds = computed(() =>
  holds.value.filter(({ type, key, owner }) =>
    isFound(key, owner, displayNames.value.get(owner), aboutOf(type, key)),
  ),
)

/** The task's title for a claim whose key names a task (PROTOCOL §6). */
function aboutOf(type: Hold['type'], key: string): string | undefined {
  const id = type === 'claim' ? /^task-([0-9]+)$/.exec(key)?.[1] : undefined
  return tasksById.value.get(Number(id))?.title || undefined
}

export function Holds(): JSX.Element {
  const shown = foundHolds.value
  if (shown.length === 0) return <NothingHere what="hold" none="Nothing is held." />
  return (
    <ul class="rows holds">
      {shown.slice(0, MAX_SHOWN).map((hold) => (
        <Guard key={`${hold.type} ${hold.id} ${hold.owner}`} of={hold} what={hold.type}>
          <HoldRow hold={hold} />
        </Guard>
      ))}
      {shown.length > MAX_SHOWN && <li class="panel-empty">{shown.length - MAX_SHOWN} more</li>}
    </ul>
  )
}

function HoldRow({ hold }: { hold: Hold }): JSX.Element {
  const { type, key, owner, expiresMs, waiting } = hold
  const about = aboutOf(type, key)
  const leftMs = expiresMs - now.value
  return (
    <li class="row hold" data-type={type} data-key={bounded(key, 300)}>
      <HoldIcon type={type} />
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
        {waiting.length > 0 && (
          <span class="row-detail waiting">
            next
            {waiting.slice(0, MAX_WAITING).map((id) => (
              <AgentTag key={id} id={id} />
            ))}
            {waiting.length > MAX_WAITING && `and ${waiting.length - MAX_WAITING} more`}
          </span>
        )}
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
