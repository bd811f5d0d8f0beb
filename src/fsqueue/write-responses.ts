// Writes response files, in a worker. A response appears whole or not at all. Each has its own result, and the host retries
// those that could not be written.

import { setAside } from './archive.js'
import { RESPONSE, RESPONSES, temporaryName } from './layout.js'
import { isFileError, SafeFolder } from './safe-folder.js'

export interface ResponsesTask {
  readonly spool: string
  readonly responses: readonly ResponseText[]
}

export interface ResponseText {
  readonly queue: string
  readonly stem: string
  readonly text: string
}

/** For each response in order: why it could not be written, or undefined. */
export function writeResponses({ spool, responses }: ResponsesTask): (string | undefined)[] {
  const problems: (string | undefined)[] = Array(responses.length).fill(undefined)
  for (const [queue, members] of byQueue(responses)) {
    try {
      using root = SafeFolder.open(spool)
      using all = root.child(RESPONSES, { make: true })
      using folder = all.child(queue, { make: true })
      for (const i of members) problems[i] = write(root, folder, responses[i] as ResponseText)
    } catch (error) {
      if (!isFileError(error)) throw error
      for (const i of members) problems[i] ??= error.message
    }
  }
  return problems
}

/** The indexes of each queue's responses, so that its folder is opened once. */
function byQueue(responses: readonly ResponseText[]): Map<string, number[]> {
  const queues = new Map<string, number[]>()
  for (const [i, { queue }] of responses.entries()) {
    const members = queues.get(queue)
    if (members) members.push(i)
    else queues.set(queue, [i])
  }
  return queues
}

/** Writes a response. Returns why it could not, or undefined. */
function write(
  root: SafeFolder,
  folder: SafeFolder,
  { queue, stem, text }: ResponseText,
): string | undefined {
  try {
    const temporary = temporaryName()
    folder.writeNew(temporary, text)
    if (putInPlace(root, folder, queue, temporary, stem + RESPONSE)) return undefined
    return 'the file was taken away before it was whole' // another user of the folder has moved it
  } catch (error) {
    if (!isFileError(error)) throw error
    return error.message
  }
}

/** False if the temporary file is gone. */
function putInPlace(
  root: SafeFolder,
  folder: SafeFolder,
  queue: string,
  temporary: string,
  name: string,
): boolean {
  try {
    return folder.rename(temporary, name)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EISDIR' && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
    // There is a folder in the response's place.
    setAside(root, folder, queue, name)
    return folder.rename(temporary, name)
  }
}
