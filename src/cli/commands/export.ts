// `arc export`: writes a room into a file, to move it to another storage with `arc import`.

import { resolve } from 'node:path'
import { defaultStorage } from '../../storage-file.js'
import { usageError } from '../arguments.js'
import { command } from '../command.js'
import { addressFrom, roomArguments } from '../hub-arguments.js'
import { showFacts } from '../output.js'
import { rowProgress } from '../progress.js'

export default command({
  args: {
    ...roomArguments,
    file: { type: 'positional', description: 'The new file', required: true },
  },
  examples: [
    ['arc export room.jsonl', 'the room of this folder'],
    ['arc export room.jsonl --storage postgres://arc@db/room', 'a room on a database server'],
  ],
  async run(given) {
    const { storage = defaultStorage() } = addressFrom(given)
    if (given.file === '-')
      throw usageError('FILE is a new file, and - is none; give it a name such as room.jsonl')
    const file = resolve(given.file)
    const progress = rowProgress('exported')
    const { exportRoom } = await import('../../actors/transfer.js')
    const moved = await exportRoom(storage, file, progress.at).finally(progress.end)
    await showFacts(given, { exported: true, file, ...moved })
  },
})
