// The name of an agent: what the environment says, else the harness and the folder of its project, such as `codex-website`.

import { basename } from 'node:path'

/** Names that are tried before a session gives up. */
const MOST_TRIED = 50
const MAX_FOLDER = 40

/** What `ARC_AGENT` names. A blank one names nobody. */
export function agentOfEnvironment(): string | undefined {
  return process.env.ARC_AGENT?.trim() || undefined
}

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
