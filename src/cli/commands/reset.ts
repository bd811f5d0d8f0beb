// `arc reset`: stops the hub and deletes its database files, so that the next one starts with nothing.

import { existsSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { defineCommand } from 'citty'
import { ArcError } from '../../protocol/errors.js'
import { checkKnown } from '../arguments.js'
import { wantedArguments, wantedFrom } from '../hub-arguments.js'
import { printJson } from '../output.js'
import { DEFAULT_STORAGE } from '../pid-file.js'
import { stopHub } from '../stopping.js'

export default defineCommand({
  meta: { name: 'reset', description: 'Stop the hub and delete its database' },
  args: wantedArguments,
  async run({ args }) {
    checkKnown(args, wantedArguments, args._)
    const wanted = wantedFrom(args)
    const stopped = await stopHub(wanted).catch((error: unknown) => {
      // Nothing runs: only the files are left. Anything else means that a hub may still be writing.
      if (error instanceof ArcError && error.code === 'no_hub' && !error.message.includes('names process'))
        return undefined
      throw error
    })
    const storage = stopped?.storagePath ?? resolve(wanted.storage ?? DEFAULT_STORAGE)
    const removed = ['', '-wal', '-shm'].map((suffix) => storage + suffix).filter((path) => existsSync(path))
    for (const path of removed) rmSync(path)
    printJson(
      removed.length > 0
        ? { reset: true, removed }
        : { reset: true, note: `${storage} does not exist; nothing to delete` },
    )
  },
})
