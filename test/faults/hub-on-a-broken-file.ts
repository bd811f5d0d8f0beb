// A hub process whose database turns to garbage while it runs: its storage can never start again. Ends as
// the hub ends: with its exit status, once nothing keeps the process alive.
//
//   node hub-on-a-broken-file.js <storage path>

import { renameSync, writeFileSync } from 'node:fs'
import { startHub } from '../../src/actors/hub.js'

const [storagePath = ''] = process.argv.slice(2)
const hub = await startHub({ storagePath, port: 0 })
void hub.stopped.then((status) => {
  process.exitCode = status
})
process.send?.({ url: hub.url }, () => {
  process.disconnect()
  // Moved, not overwritten: a thread that is ended closes its connection, and that writes the log back into
  // the file that it had open, which would heal it.
  for (const suffix of ['', '-wal', '-shm']) renameSync(storagePath + suffix, `${storagePath}.was${suffix}`)
  writeFileSync(storagePath, 'this is not a database\n'.repeat(1_000))
  void hub.kill('storage')
})
