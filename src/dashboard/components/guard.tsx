// An error boundary around one row or one part of the page. A row that can't be drawn says so in its place, with the
// beginning of its data. The rest of the page works on.

import { Component, type ComponentChildren, type JSX } from 'preact'
import { jsonText } from '../model/json.js'
import { Text } from './text.js'

const RAW_CHARS = 400

interface Props {
  /** The data of the row. When it changes, the guard tries to draw the row again. */
  readonly of: unknown
  /** The row's noun, such as `message`, for the sentence in its place. */
  readonly what: string
  /** A row (`li`), or a part of the page (`div`), for which it shows no raw data. */
  readonly tag?: 'li' | 'div'
  readonly children: ComponentChildren
}

interface State {
  readonly hasFailed?: boolean
  readonly of?: unknown
}

export class Guard extends Component<Props, State> {
  static override getDerivedStateFromError(): State {
    return { hasFailed: true }
  }

  static override getDerivedStateFromProps(props: Props, state: State): State | null {
    return state.of === props.of ? null : { hasFailed: false, of: props.of }
  }

  override render({ of, what, tag, children }: Props, { hasFailed }: State): ComponentChildren {
    return hasFailed ? <Unshown of={of} what={what} tag={tag ?? 'li'} /> : children
  }
}

function Unshown({ of, what, tag: Tag }: Required<Omit<Props, 'children'>>): JSX.Element {
  const id = (of as { id?: unknown } | null)?.id
  return (
    <Tag class="unshown" data-id={typeof id === 'number' ? id : undefined}>
      <p>This {what} can’t be shown.</p>
      {Tag === 'li' && (
        <code>
          <Text text={jsonText(of, { chars: RAW_CHARS }).text} />
        </code>
      )}
    </Tag>
  )
}
