// The name of an agent that nobody has named: the harness and the folder of its project, such as `codex-website`.

import { basename } from 'node:path'

/** Names that are tried before a session gives up. */
const MOST_TRIED = 50
const MAX_FOLDER = 40

export function* namesFor(harness: string, folder: string): Generator<string> {
  const project = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, MAX_FOLDER)
  const name = project === '' ? harness : `${harness}-${project}`
  yield name
  for (let number = 2; number <= MOST_TRIED; number++) yield `${name}-${number}`
}
