// Messages that the operator has posted. The stream does not bring the operator's own direct messages, so the tabs of one
// browser tell each other of them.

import type { Message } from '../protocol/objects.js'
import { arrived } from './feed.js'
import { hub, me } from './room.js'

interface Note {
  readonly instanceId: string | undefined
  readonly message: Message
}

const tabs = new BroadcastChannel('arc-posted')

/** Shows a posted message in this tab and in the others. */
export function notePosted(message: Message): void {
  arrived([message])
  tabs.postMessage({ instanceId: hub.value?.instance_id, message } satisfies Note)
}

tabs.onmessage = ({ data }: MessageEvent<Note>) => {
  const { instanceId, message } = data
  if (instanceId === hub.value?.instance_id && message.from_agent === me.value) arrived([message])
}
