// Warnings across the top: the connection is lost, or the hub is about to shut down.

import type { JSX } from 'preact'
import { stopShutdown } from '../actions.js'
import { countdown } from '../model/times.js'
import { connection, now, shutdownAt } from '../room.js'

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
      {!isLost && at !== undefined && (
        <p class="banner banner-shutdown">
          <span>
            The hub shuts down in <strong class="countdown">{countdown(leftMs)}</strong>. Send anything to
            cancel.
          </span>
          <button type="button" class="button" onClick={stopShutdown}>
            Cancel shutdown
          </button>
        </p>
      )}
    </div>
  )
}
