// The time before the page was opened, for the plots: messages by agent, and holds.

import { Listing } from './api.js'
import { activity, heard, me, readPastHolds } from './room.js'

const PAGE_ROWS = 500
const PAGES = 4

let reads = 0

/** Counts the newest messages up to `latestId`. The stream brings the later ones. @throws HubError */
export async function readPast(latestId: number): Promise<void> {
  const turn = ++reads
  activity.clear()
  await readPastHolds()
  const listing = new Listing('/v1/events', { agent_id: me.value })
  let sinceId = Math.max(0, latestId - PAGE_ROWS * PAGES)
  for (let page = 0; page < PAGES && sinceId < latestId; page++) {
    const rows = await listing.after(sinceId, PAGE_ROWS)
    if (turn !== reads) return
    if (page === 0 && sinceId > 0) activity.wholeFromMs = Date.parse(rows[0]?.ts ?? '')
    heard(
      rows.filter((message) => message.id <= latestId),
      false,
    )
    sinceId = rows.at(-1)?.id ?? latestId
  }
}
