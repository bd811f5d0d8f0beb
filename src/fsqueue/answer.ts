// Writes responses: the worker's part of putting answers into a spool. A response appears whole or not at
// all. Each is reported by itself: one that can't be written now is tried again by the host.

import { setAside } from './archive.js'
import { RESPONSE, RESPONSES, temporaryName } from './layout.js'
import { isFileError, SafeFolder } from './safe-folder.js'

export interface AnswerTask {
  readonly spool: string
  readonly responses: readonly ResponseText[]
}

export interface ResponseText {
  readonly queue: string
  readonly stem: string
  readonly text: string
}

/** Why a response could not be written, for each in order; undefined for those that are there. */
export function answer({ spool, responses }: AnswerTask): (string | undefined)[] {
  return responses.map((response) => {
    try {
      write(spool, response)
      return undefined
    } catch (error) {
      if (!isFileError(error)) throw error
      return error.message
    }
  })
}

function write(spool: string, { queue, stem, text }: ResponseText): void {
  using root = SafeFolder.open(spool)
  using all = root.child(RESPONSES, { make: true })
  using folder = all.child(queue, { make: true })
  const temporary = temporaryName()
  folder.writeNew(temporary, text)
  try {
    folder.rename(temporary, stem + RESPONSE)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EISDIR' && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
    // Somebody has put a folder where the response belongs.
    setAside(root, folder, queue, stem + RESPONSE)
    folder.rename(temporary, stem + RESPONSE)
  }
}
