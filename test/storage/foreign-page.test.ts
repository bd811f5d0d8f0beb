// A page of messages and the id up to which it is complete are one look at the storage, also while another process
// commits: a long-poll goes on from that id, so a message between the two would wake nobody.

import t from 'tap'
import { SqliteBackend } from '../../src/storage/sqlite/backend.js'
import { rounds } from '../support/campaign.js'
import { ownFolder } from '../support/folder.js'
import { reportOf, startScript } from '../support/processes.js'

const WRITER = new URL('./foreign-writer.js', import.meta.url)
const PAGES = rounds(20_000, 300_000)

t.test('no message lies between a page and the id that it is said to be complete up to', async (t) => {
  const storagePath = `${ownFolder(t)}/arc.sqlite3`
  const options = { storagePath, hubId: 'test', presenceTtlSec: 120, allowRemote: false, log: () => {} }
  const backend = SqliteBackend.open(options)
  t.teardown(() => backend.close())
  const writer = startScript(t, WRITER, [storagePath])
  await reportOf(writer)
  let sinceId = 0
  let empty = 0
  const lost: number[] = []
  for (let i = 0; i < PAGES; i++) {
    const { items, upToId } = backend.page({ channels: ['general'], sinceId, limit: 500 })
    const last = items.at(-1)
    if (last === undefined) empty++
    // Every message is in this channel: none was found, so none may be counted as seen.
    if (last === undefined && upToId > sinceId) lost.push(upToId)
    sinceId = last === undefined ? upToId : (JSON.parse(last) as { id: number }).id
  }
  await writer.end('SIGKILL')
  t.comment(`${PAGES} pages, ${empty} of them empty, up to message ${sinceId}`)
  t.ok(sinceId > 0, 'the other process has written')
  t.strictSame(lost, [], 'messages that a long-poll would have passed over')
})
