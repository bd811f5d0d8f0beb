// The commands and the keys, in a dialog.

import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { isHelpOpen } from '../actions.js'
import { KEYS } from '../keys.js'
import { COMMANDS } from '../model/commands.js'

export function Help(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  const isOpen = isHelpOpen.value
  useEffect(() => {
    if (isOpen) dialog.current?.showModal()
    else dialog.current?.close()
  }, [isOpen])
  const close = () => {
    isHelpOpen.value = false
  }
  return (
    <dialog ref={dialog} class="help" aria-label="Commands and keys" onClose={close}>
      <h2>Commands</h2>
      <dl>
        {COMMANDS.map(({ name, usage, does }) => (
          <div key={name}>
            <dt>
              <code>{usage}</code>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <h2>Keys</h2>
      <dl>
        {KEYS.map(({ label, does }) => (
          <div key={label}>
            <dt>
              <kbd>{label}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <button type="button" class="button primary" onClick={close}>
        Close
      </button>
    </dialog>
  )
}
