// The text of a configuration file, whoever it belongs to.

import { readFileSync } from 'node:fs'

/** Empty if there is none that can be read. */
export function textIn(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
