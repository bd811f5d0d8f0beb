// What the middle of the page shows, how it stands in the address (so that a reload and the back button keep it),
// and which messages belong to it.

import type { Message } from '../../protocol/objects.js'

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

/** What direct messages are labelled with (PROTOCOL §4). */
export const DIRECT_CHANNEL = 'direct'

export function hashOf({ kind, name }: View): string {
  // Half a character cannot be encoded.
  const whole = name.replace(/\p{Cs}/gu, '\ufffd')
  return name === '' ? `#/${kind}` : `#/${kind}/${encodeURIComponent(whole)}`
}

/** `general` for whatever is no view. */
export function viewOf(hash: string): View {
  const match = /^#\/(channel|thread|direct|inbox|activity)(?:\/(.+))?$/.exec(hash)
  if (match?.[1] === 'inbox') return INBOX
  if (match?.[1] === 'activity') return ACTIVITY
  try {
    const name = decodeURIComponent(match?.[2] ?? '')
    if (match && name !== '') return { kind: match[1] as 'channel' | 'thread' | 'direct', name }
  } catch {
    // not percent-encoded as it should be
  }
  return GENERAL
}

export function isSame(a: View, b: View): boolean {
  return a.kind === b.kind && a.name === b.name
}

/** `me` is the operator: direct messages are shown to whom they concern. */
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
