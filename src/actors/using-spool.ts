// The folder of the file relay at the start of a hub.

import { makeFolder } from '../folder.js'
import { ArcError } from '../protocol/errors.js'

/** Creates the folder and does what needs it. @throws ArcError `spool_unusable`, saying what to do */
export function usingSpool<T>(spoolDir: string, work: () => T): T {
  try {
    makeFolder(spoolDir)
    return work()
  } catch (error) {
    const text =
      `the spool ${spoolDir} can't be used (${(error as Error).message}); ` +
      'choose another folder with --spool-dir, or run without the file relay: --no-relay'
    throw new ArcError('spool_unusable', text, { cause: error })
  }
}
