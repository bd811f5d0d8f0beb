// Warnings across the top: the connection is lost, the storage does not answer, the hub is about to shut down, or agents have
// talked for long without a person.

import { computed } from '@preact/signals'
import type { JSX } from 'preact'
import type { HeldWake } from '../../protocol/objects.js'
import { letGoOn, stopShutdown } from '../actions.js'
import { countdown } from '../model/times.js'
import { connection, heldWakes, now, shutdownAt, storageTrouble } from '../room.js'
import { Guard } from './guard.js'
import { Name } from './text.js'

/** The most rows of messages that are drawn. */
const MAX_HELD = 3

/** A row of messages has an entry for each agent that it does not wake. */
const heldRows = computed(() => [...new Map(heldWakes.value.map((row) => [keyOf(row), row])).values()])

const keyOf = ({ agent_id: agent, channel, with_agent: other }: HeldWake) =>
  JSON.stringify(channel === null ? [agent, other].sort() : channel)

export function Banners(): JSX.Element {
  const isLost = connection.value === 'lost'
  const at = shutdownAt.value
  const leftMs = at === undefined ? 0 : at - now.value
  return (
    <div class="banners" aria-live="assertive">
      {isLost && (
        <p class="banner banner-lost">
          {at !== undefined && leftMs <= 0
            ? 'The hub has shut down. This page comes back by itself when it runs again.'
            : 'Connection to the hub lost. Trying again…'}
        </p>
      )}
      {!isLost && storageTrouble.value !== '' && <p class="banner banner-lost">{storageTrouble.value}</p>}
      {!isLost && at !== undefined && (
        <p class="banner banner-shutdown">
          <span>
            The hub shuts down in{' '}
            <strong class="countdown" role="timer" aria-live="off">
              {countdown(leftMs)}
            </strong>
            . Send anything to cancel.
          </span>
          <button type="button" class="button" onClick={stopShutdown}>
            Cancel shutdown
          </button>
        </p>
      )}
      {heldRows.value.slice(0, MAX_HELD).map((row) => (
        <Guard key={keyOf(row)} of={row} what="warning">
          <Held row={row} />
        </Guard>
      ))}
    </div>
  )
}

function Held({ row }: { row: HeldWake }): JSX.Element {
  const { agent_id: agent, channel, with_agent: other, messages } = row
  return (
    <p class="banner banner-held">
      <span>
        {channel === null ? (
          <>
            <Name text={agent} /> and <Name text={other ?? ''} />
          </>
        ) : (
          <>
            The agents in <Name text={channel} />
          </>
        )}{' '}
        have exchanged at least {messages} messages without you. Further ones are kept, but wake nobody.
      </span>
      <button type="button" class="button" onClick={() => letGoOn(row)}>
        Go on
      </button>
    </p>
  )
}
