// The views of the middle of the page: their form in the address, which a reload and the back button keep, and the messages
// that belong to each.

import type { Channel, Message } from '../../protocol/objects.js'

export type View =
  | { readonly kind: 'channel'; readonly name: string }
  | { readonly kind: 'thread'; readonly name: string }
  /** The conversation with one agent. */
  | { readonly kind: 'direct'; readonly name: string }
  | { readonly kind: 'inbox'; readonly name: '' }
  | { readonly kind: 'activity'; readonly name: '' }

export const GENERAL: View = { kind: 'channel', name: 'general' }
export const INBOX: View = { kind: 'inbox', name: '' }
export const ACTIVITY: View = { kind: 'activity', name: '' }

/** The channel that labels direct messages (PROTOCOL §4). */
export const DIRECT_CHANNEL = 'direct'

/** Whether a channel has a view: direct messages stand in the inbox and in conversations. */
export const isRoom = ({ name }: Channel) => name !== DIRECT_CHANNEL

export function hashOf({ kind, name }: View): string {
  // An address can't encode half a character.
  const whole = name.replace(/\p{Cs}/gu, '\ufffd')
  return name === '' ? `#/${kind}` : `#/${kind}/${encodeURIComponent(whole)}`
}

/** The view of an address; `general` if the address is no view. */
export function viewOf(hash: string): View {
  const match = /^#\/(channel|thread|direct|inbox|activity)(?:\/(.+))?$/.exec(hash)
  if (match?.[1] === 'inbox') return INBOX
  if (match?.[1] === 'activity') return ACTIVITY
  try {
    const name = decodeURIComponent(match?.[2] ?? '')
    if (match && name !== '') return { kind: match[1] as 'channel' | 'thread' | 'direct', name }
  } catch {
    // the address is not properly percent-encoded
  }
  return GENERAL
}

export function isSame(a: View, b: View): boolean {
  return a.kind === b.kind && a.name === b.name
}

/** Whether a view shows a message. `me` is the operator: the page shows only their own direct messages. */
export function belongs(view: View, message: Message, me: string): boolean {
  const { from_agent: from, to_agent: to } = message
  switch (view.kind) {
    case 'channel':
      return to === null && message.channel === view.name
    case 'thread':
      return message.thread_id === view.name && (to === null || to === me || from === me)
    case 'direct':
      return (to === me && from === view.name) || (from === me && to === view.name)
    case 'inbox':
      return to === me
    case 'activity':
      return false
  }
}
