// The user's folder.

import { homedir } from 'node:os'
import { ArcError } from './protocol/errors.js'

/** @throws ArcError `start_failed` for a user that has none, such as one of a container that no list of users names */
export function homeFolder(): string {
  try {
    return homedir()
  } catch {
    throw new ArcError('start_failed', 'this user has no home folder; name one with HOME')
  }
}
