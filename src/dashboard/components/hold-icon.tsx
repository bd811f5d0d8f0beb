// The drawing of each type of hold.

import type { JSX } from 'preact'
import type { Hold } from '../model/holds.js'
import { Icon, type IconName } from './icon.js'

const ICONS: Readonly<Record<Hold['type'], IconName>> = {
  claim: 'flag',
  lock: 'lock',
  scope: 'lock',
  slot: 'people',
}

export function HoldIcon({ type }: Pick<Hold, 'type'>): JSX.Element {
  return <Icon name={ICONS[type]} />
}
