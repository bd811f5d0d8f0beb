// `arc import`: reads a room that `arc export` has written into a new storage: a file or a database server.

import { resolve } from 'node:path'
import { defaultStorage } from '../../storage-file.js'
import { text } from '../arguments.js'
import { command } from '../command.js'
import { addressFrom, roomArguments } from '../hub-arguments.js'
import { showFacts } from '../output.js'
import { rowProgress } from '../progress.js'

export default command({
  args: {
    ...roomArguments,
    file: { type: 'positional', description: 'A file that arc export has written', required: true },
  },
  examples: [
    ['arc import room.jsonl --storage postgres://arc@db/room', 'to a database server'],
    ['arc import room.jsonl --storage room.sqlite3', 'into a file'],
  ],
  async run(given) {
    const { storage = defaultStorage() } = addressFrom(given)
    const file = resolve(text(given.file, 'file') ?? '')
    const progress = rowProgress('imported')
    const { importRoom } = await import('../../actors/transfer.js')
    const moved = await importRoom(file, storage, progress.at).finally(progress.end)
    await showFacts(given, { imported: true, file, ...moved })
  },
})
